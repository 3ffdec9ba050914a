"""Q4_0: 32 four-bit integers under one scale, y = sum over blocks of d * dx * sum((q - 8) * qx).

A record: 16 scales d (f16), then 4 units whose low nibbles are inputs 0 to 15 and whose high
nibbles are inputs 16 to 31. 288 bytes, as in the file.

Source: block_q4_0 in ggml. NumPy twin: reference.linear.
"""

from typing import Any

from numba.extending import register_jitable

from pyollama_tensor.jit import kernel
from pyollama_tensor.kernels.records import AHEAD, CHUNK, ROWS, spread
from pyollama_tensor.simd import (
    FOUR,
    ONE,
    add_scaled,
    byte_unsigned,
    dot4,
    get,
    load_f16x16,
    load_i8x64,
    prefetch,
    put,
    splat_f32x16,
    start,
    store_f32x16,
    store_rows,
    to_f32x16,
    total,
    zeros_f32,
)
from pyollama_tensor.threads import parallel_for, task
from pyollama_tensor.types import F32, I8, I16, I64, U8

BLOCK, STEP = 32, 32
SIZE, QS = 288, 32
FILE_SIZE, FILE_QS = 18, 2
OFFSET = -8


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
                spread(source, s + FILE_QS, out, o + QS + 4 * row, 4)


@register_jitable
def tile(
    n: Any, group: int, t: int, w: U8, n_block: int, q: I8, d: F32, sums: I16, out: F32
) -> None:
    """Sixteen outputs of one group for n rows of inputs from row t on."""
    y = zeros_f32(n)
    for block in range(n_block):
        p = (group * n_block + block) * SIZE
        x = t * n_block + block
        acc = start(n, sums, 2 * x, 2 * n_block, OFFSET)
        for unit in range(4):
            prefetch(w, p + AHEAD + 64 * unit)
            qs = load_i8x64(w, p + QS + 64 * unit)
            acc = dot4(acc, qs & 15, q, 32 * x + 4 * unit, 32 * n_block)
            acc = dot4(acc, qs >> 4, q, 32 * x + 16 + 4 * unit, 32 * n_block)
        y = add_scaled(y, total(acc), load_f16x16(w, p), d, x, n_block)
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
            for unit in range(4):
                qs = load_i8x64(w, p + QS + 64 * unit)
                for k in range(4):
                    low = to_f32x16(byte_unsigned(qs & 15, k)) + splat_f32x16(OFFSET)
                    high = to_f32x16(byte_unsigned(qs >> 4, k)) + splat_f32x16(OFFSET)
                    o = (32 * block + 4 * unit + k) * out.shape[1] + group * ROWS
                    store_f32x16(out, o, d * low)
                    store_f32x16(out, o + 16 * out.shape[1], d * high)


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
