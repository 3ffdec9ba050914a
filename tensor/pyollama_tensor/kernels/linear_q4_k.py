"""Q4_K: 256 four-bit integers in 8 groups of 32, each with a six-bit scale and a minimum.

y = sum over blocks of d * dx * sum_g(scale_g * sum(q * qx)) - dmin * dx * sum_g(min_g * sum(qx)).

A record: 16 d and 16 dmin (f16), 8 x 16 scales and 8 x 16 minimums as bytes, then 4 x 8 units
whose low nibbles are inputs of group 2i and whose high nibbles are of group 2i + 1.
2368 bytes, 2.8 % more than in the file: the loop has no six-bit fields to take apart.

Source: block_q4_K in ggml. NumPy twin: reference.linear.
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
    load_i8x16,
    load_i8x64,
    prefetch,
    put,
    scaled,
    splat_f32x16,
    start_zero,
    store_f32x16,
    store_rows,
    times_sum_of_32,
    to_f32x16,
    widen_unsigned_i8x16,
    zeros_f32,
    zeros_i32,
)
from pyollama_tensor.threads import parallel_for, task
from pyollama_tensor.types import F32, I8, I16, I64, U8

BLOCK, STEP = 256, 16
SIZE, DMIN, SCALES, MINS, QS = 2368, 32, 64, 192, 320
FILE_SIZE, FILE_DMIN, FILE_SCALES, FILE_QS = 144, 2, 4, 16


@kernel
def scale_and_minimum(source: U8, s: int, group: int) -> Any:
    """Take group's six-bit numbers out of the 12 bytes from s on (get_scale_min_k4 in ggml)."""
    if group < 4:
        return get(source, s + group) & 63, get(source, s + 4 + group) & 63
    both = get(source, s + 4 + group)
    top_scale, top_minimum = get(source, s + group - 4) >> 6, get(source, s + group) >> 6
    return (both & 15) | (top_scale << 4), (both >> 4) | (top_minimum << 4)


@task
def repack(first: int, last: int, source: U8, n_block: int, out: U8) -> None:
    """Lay the blocks of 16 rows side by side."""
    for group in range(first, last):
        for block in range(n_block):
            for row in range(ROWS):
                s = ((group * ROWS + row) * n_block + block) * FILE_SIZE
                o = (group * n_block + block) * SIZE
                for i in range(2):
                    put(out, o + 2 * row + i, get(source, s + i))
                    put(out, o + DMIN + 2 * row + i, get(source, s + FILE_DMIN + i))
                for g in range(8):
                    scale, minimum = scale_and_minimum(source, s + FILE_SCALES, g)
                    put(out, o + SCALES + 16 * g + row, scale)
                    put(out, o + MINS + 16 * g + row, minimum)
                spread(source, s + FILE_QS, out, o + QS + 4 * row, 32)


@register_jitable
def numbers(w: U8, p: int) -> Any:
    """Sixteen bytes, one per row, as i32x16."""
    return widen_unsigned_i8x16(load_i8x16(w, p))


@register_jitable
def tile(
    n: Any, group: int, t: int, w: U8, n_block: int, q: I8, d: F32, sums: I16, out: F32
) -> None:
    """Sixteen outputs of one group for n rows of inputs from row t on."""
    y = zeros_f32(n)
    n_in, n_sum = 256 * n_block, 32 * n_block  # strides from row to row
    for block in range(n_block):
        p = (group * n_block + block) * SIZE
        x = t * n_block + block
        acc, least = zeros_i32(n), zeros_i32(n)
        prefetch(w, p + AHEAD)
        for g in range(8):
            prefetch(w, p + AHEAD + SCALES + 32 * g)
            narrow = start_zero(n)
            for unit in range(8):
                qs = load_i8x64(w, p + QS + 512 * (g // 2) + 64 * unit)
                prefetch(w, p + AHEAD + QS + 256 * g + 32 * unit)
                narrow = dot4(
                    narrow, (qs >> (4 * (g % 2))) & 15, q, 256 * x + 32 * g + 4 * unit, n_in
                )
            acc = scaled(acc, narrow, numbers(w, p + SCALES + 16 * g))
            minimums = numbers(w, p + MINS + 16 * g)
            least = times_sum_of_32(least, minimums, sums, 32 * x + 4 * g, n_sum)
        y = add_scaled(y, acc, load_f16x16(w, p), d, x, n_block)
        y = add_scaled(y, least, splat_f32x16(0.0) - load_f16x16(w, p + DMIN), d, x, n_block)
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
            d, dmin = load_f16x16(w, p), load_f16x16(w, p + DMIN)
            for i in range(4):
                low_d = d * to_f32x16(numbers(w, p + SCALES + 32 * i))
                high_d = d * to_f32x16(numbers(w, p + SCALES + 32 * i + 16))
                low_m = dmin * to_f32x16(numbers(w, p + MINS + 32 * i))
                high_m = dmin * to_f32x16(numbers(w, p + MINS + 32 * i + 16))
                for unit in range(8):
                    qs = load_i8x64(w, p + QS + 512 * i + 64 * unit)
                    for k in range(4):
                        low = to_f32x16(byte_unsigned(qs & 15, k))
                        high = to_f32x16(byte_unsigned(qs >> 4, k))
                        o = (256 * block + 64 * i + 4 * unit + k) * out.shape[1] + group * ROWS
                        store_f32x16(out, o, low_d * low - low_m)
                        store_f32x16(out, o + 32 * out.shape[1], high_d * high - high_m)


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
