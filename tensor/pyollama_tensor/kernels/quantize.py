"""Quantizing a layer's input: float32 rows to signed bytes, once for all matrices that use it.

A block's largest magnitude becomes 127 (so -128 never occurs). Blocks are 32 inputs for the
formats with blocks of 32 weights, 256 for the K-quants, as in ggml; scales stay float32.
Beside the bytes stand sums of them, with which kernels undo the offset of unsigned weights: times
that offset already, since the sums meet thousands of rows of weights.
All rows of a block stand together, as they meet the same weights: with whole rows after each other
they would be thousands of bytes apart, where caches have room for few.

Source: quantize_row_q8_0 and quantize_row_q8_K in ggml. NumPy twin: quantized in the tests.
"""

import numpy as np

from pyollama_tensor.jit import kernel
from pyollama_tensor.simd import (
    absolute,
    load_f32x16,
    maximum,
    narrow_i8x16,
    put,
    reduce_max,
    round_even,
    splat_f32x16,
    store_i8x16,
    sum_01,
    sum_23,
    to_i32,
)
from pyollama_tensor.threads import parallel_for, task
from pyollama_tensor.types import F32, I8, I16, I64

ZERO, MOST = np.float32(0.0), np.float32(127.0)
LEAST = np.float32(1e-30)  # a block below this is zero: its inverse scale would overflow
GRAIN = 1 << 13  # inputs that are worth calling another thread for


@kernel
def largest(x: F32, first: int, n: int) -> np.float32:
    """Largest magnitude of n (a multiple of 16) elements of flat x from `first` on."""
    most = splat_f32x16(ZERO)
    for i in range(first, first + n, 16):
        most = maximum(most, absolute(load_f32x16(x, i)))
    return np.float32(reduce_max(most))


@task
def _quantize_blocks(
    first: int, last: int, x: F32, block: int, step: int, times: int, q: I8, d: F32, sums: I16
) -> None:
    """Blocks first to last, counted as they lie in q."""
    n_block, n_row = q.shape[0], q.shape[1]
    for i in range(first, last):
        begin = (i % n_row * n_block + i // n_row) * block
        most = largest(x, begin, block)
        scale = most / MOST
        put(d, i, scale)
        inverse = splat_f32x16(MOST / most if most > LEAST else ZERO)
        for j in range(0, block, step):
            s01, s23 = 0, 0
            for k in range(j, j + step, 16):
                whole = to_i32(round_even(load_f32x16(x, begin + k) * inverse))
                store_i8x16(q, i * block + k, narrow_i8x16(whole))
                s01, s23 = s01 + sum_01(whole), s23 + sum_23(whole)
            place = (i * block + j) // step
            if sums.shape[3] == 2:
                put(sums, 2 * place, times * s01)
                put(sums, 2 * place + 1, times * s23)
            else:
                put(sums, place, times * (s01 + s23))


@kernel
def quantize(
    pool: I64, x: F32, block: int, step: int, times: int, q: I8, d: F32, sums: I16
) -> None:
    """Quantize rows in blocks of `block` inputs; sum every `step` bytes, times a small number.

    x:    float32 (T, n_in), n_in a multiple of block, block of step, step of 16
    q:    int8 (n_block, T, block), where x = d * q but for rounding
    d:    float32 (n_block, T)
    sums: int16 (n_block, T, block / step, 2), of the inputs at places 0 and 1 of each four, and
          at 2 and 3; or (n_block, T, block / step, 1), of all
    """
    n_block = q.shape[0] * q.shape[1]
    args = (x, block, step, times, q, d, sums)
    parallel_for(pool, _quantize_blocks, n_block, GRAIN // block, args)
