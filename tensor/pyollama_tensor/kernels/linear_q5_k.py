"""Q5_K: 256 five-bit integers in 8 groups of 32, each with a six-bit scale and a minimum.

y = sum over blocks of d * dx * sum_g(scale_g * sum(q * qx)) - dmin * dx * sum_g(min_g * sum(qx)).

A record begins like one of Q4_K; after its 4 x 8 units of nibbles stand 4 x 2 units of fifth bits
(five_bits.py), one for each four units. 2880 bytes, 2.3 % more than in the file. A narrow sum
holds 16 products of a row, so each group is two sums.

Source: block_q5_K in ggml. NumPy twin: reference.linear.
"""

from typing import Any

from pyollama_tensor.kernels.five_bits import five_bits, lay_two_bits
from pyollama_tensor.kernels.linear_q4_k import (
    DMIN,
    MINS,
    QS,
    SCALES,
    lay_scales,
    numbers,
    scale_of,
)
from pyollama_tensor.kernels.records import expand_unit, fetch_ahead, kernels_of, spread
from pyollama_tensor.simd import (
    add_scaled,
    dot4,
    load_f16x16,
    scaled,
    splat_f32x16,
    start_zero,
    times_sum,
    zeros_i32,
)
from pyollama_tensor.threads import task
from pyollama_tensor.types import F32, I8, I16, U8

BLOCK, STEP = 256, 32
SIZE, QH = 2880, 2368
FILE_SIZE, FILE_QH, FILE_QS = 176, 16, 48


@task
def lay(source: U8, s: int, out: U8, o: int, row: int) -> None:
    """Put one row's block into a record."""
    lay_scales(source, s, out, o, row)
    spread(source, s + FILE_QS, out, o + QS + 4 * row, 32)
    for i in range(8):
        bits = s + FILE_QH + 16 * (i % 2)
        lay_two_bits(source, bits, 2 * (i // 2), out, o + QH + 64 * i + 4 * row)


@task
def add(n: Any, y: Any, w: U8, p: int, q: I8, d: F32, sums: I16, x: int, n_block: int) -> Any:
    """Add the products of one record with n rows of inputs to y."""
    n_in, n_sum = 256 * n_block, 16 * n_block  # strides from row to row
    acc, least = zeros_i32(n), zeros_i32(n)
    for i in range(4):
        fetch_ahead(w, p + 720 * i, 12)
        scale, next_scale = numbers(w, p + SCALES + 32 * i), numbers(w, p + SCALES + 32 * i + 16)
        for half in range(2):
            units, top = p + QS + 512 * i + 256 * half, p + QH + 128 * i + 64 * half
            n0, n1 = start_zero(n), start_zero(n)
            for unit in range(4):
                low, high = five_bits(w, units, top, unit)
                place = 256 * x + 64 * i + 16 * half + 4 * unit
                n0 = dot4(n0, low, q, place, n_in)
                n1 = dot4(n1, high, q, place + 32, n_in)
            acc = scaled(scaled(acc, n0, scale), n1, next_scale)
        least = times_sum(least, numbers(w, p + MINS + 32 * i), sums, 16 * x + 4 * i, n_sum)
        minimums = numbers(w, p + MINS + 32 * i + 16)
        least = times_sum(least, minimums, sums, 16 * x + 4 * i + 2, n_sum)
    y = add_scaled(y, acc, load_f16x16(w, p), d, x, n_block)
    return add_scaled(y, least, splat_f32x16(0.0) - load_f16x16(w, p + DMIN), d, x, n_block)


@task
def expand(w: U8, p: int, out: F32, o: int) -> None:
    """Write a record as float32."""
    for i in range(4):
        (low, low_min), (high, high_min) = scale_of(w, p, 2 * i), scale_of(w, p, 2 * i + 1)
        for unit in range(8):
            four, line = unit // 4, o + (64 * i + 4 * unit) * out.shape[1]
            a, b = five_bits(
                w, p + QS + 512 * i + 256 * four, p + QH + 128 * i + 64 * four, unit % 4
            )
            expand_unit(a, 0, low, low_min, out, line)
            expand_unit(b, 0, high, high_min, out, line + 32 * out.shape[1])


linear, transposed, interleave = kernels_of(lay, add, expand, BLOCK, SIZE, FILE_SIZE)
