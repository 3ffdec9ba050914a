"""Q8_0: 32 signed bytes under one scale, y = sum over blocks of d * dx * sum(q * qx).

A record: 16 scales d (f16), then 8 units of the bytes. 544 bytes, as in the file.

Source: block_q8_0 in ggml. NumPy twin: reference.linear.
"""

from typing import Any

from numba.extending import register_jitable

from pyollama_tensor.jit import kernel
from pyollama_tensor.kernels.records import AHEAD, CHUNK, ROWS, spread
from pyollama_tensor.simd import (
    FOUR,
    ONE,
    add_scaled,
    byte_signed,
    dot4_signed,
    get,
    load_f16x16,
    load_i8x64,
    prefetch,
    put,
    start_signed,
    store_f32x16,
    store_rows,
    to_f32x16,
    zeros_f32,
)
from pyollama_tensor.threads import parallel_for, task
from pyollama_tensor.types import F32, I8, I16, I64, U8

BLOCK, STEP = 32, 32
SIZE, QS = 544, 32
FILE_SIZE, FILE_QS = 34, 2


@task
def repack(first: int, last: int, source: U8, n_block: int, out: U8) -> None:
    """Lay the blocks of 16 rows side by side."""
    for group in range(first, last):
        for block in range(n_block):
            for row in range(ROWS):
                s = ((group * ROWS + row) * n_block + block) * FILE_SIZE
                o = (group * n_block + block) * SIZE
                put(out, o + 2 * row, get(source, s))
                put(out, o + 2 * row + 1, get(source, s + 1))
                spread(source, s + FILE_QS, out, o + QS + 4 * row, 8)


@register_jitable
def tile(
    n: Any, group: int, t: int, w: U8, n_block: int, q: I8, d: F32, sums: I16, out: F32
) -> None:
    """Sixteen outputs of one group for n rows of inputs from row t on."""
    y = zeros_f32(n)
    for block in range(n_block):
        p = (group * n_block + block) * SIZE
        x = t * n_block + block
        acc = start_signed(n, sums, 2 * x, 2 * n_block)
        for unit in range(8):
            prefetch(w, p + AHEAD + 64 * unit)
            qs = load_i8x64(w, p + QS + 64 * unit)
            acc = dot4_signed(acc, qs, q, 32 * x + 4 * unit, 32 * n_block)
        y = add_scaled(y, acc, load_f16x16(w, p), d, x, n_block)
    store_rows(out, t * out.shape[1] + group * ROWS, out.shape[1], y)


@task
def rows(first: int, last: int, w: U8, n_block: int, q: I8, d: F32, sums: I16, out: F32) -> None:
    """Outputs of groups first to last for all rows of inputs, four at a time."""
    fours = len(q) // 4 * 4
    for group in range(first, last):
        for t in range(0, fours, 4):
            tile(FOUR, group, t, w, n_block, q, d, sums, out)
        for t in range(fours, len(q)):
            tile(ONE, group, t, w, n_block, q, d, sums, out)


@task
def unpack(first: int, last: int, w: U8, n_block: int, begin: int, out: F32) -> None:
    """Weights of a group as 16 columns of out."""
    for group in range(first, last):
        for block in range(n_block):
            p = ((begin + group) * n_block + block) * SIZE
            d = load_f16x16(w, p)
            for unit in range(8):
                qs = load_i8x64(w, p + QS + 64 * unit)
                for k in range(4):
                    i = 32 * block + 4 * unit + k
                    y = d * to_f32x16(byte_signed(qs, k))
                    store_f32x16(out, i * out.shape[1] + group * ROWS, y)


@kernel
def linear(pool: I64, w: U8, n_block: int, q: I8, d: F32, sums: I16, out: F32) -> None:
    """Run `rows` over all of W on the pool."""
    grain = 1 + CHUNK // w.shape[1]
    parallel_for(pool, rows, w.shape[0], grain, (w, n_block, q, d, sums, out))


@kernel
def transposed(pool: I64, w: U8, n_block: int, begin: int, end: int, out: F32) -> None:
    """Run `unpack` over groups begin to end on the pool: out[:, 0] is row 16 * begin."""
    parallel_for(pool, unpack, end - begin, 1, (w, n_block, begin, out))


@kernel
def interleave(pool: I64, source: U8, n_block: int, n_group: int, out: U8) -> None:
    """Run `repack` over whole groups of rows on the pool."""
    parallel_for(pool, repack, n_group, 1, (source, n_block, out))
