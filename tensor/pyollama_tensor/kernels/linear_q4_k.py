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
from pyollama_tensor.kernels.records import AHEAD, ROWS, chunk_groups, spread
from pyollama_tensor.simd import (
    broadcast_4xi8,
    byte_unsigned,
    dot4,
    fma,
    load_f16x16,
    load_i8x16,
    load_i8x64,
    prefetch,
    scaled,
    splat_f32x16,
    splat_i32x16,
    start_zero,
    store_f32x16,
    to_f32x16,
    widen_unsigned_i8x16,
)
from pyollama_tensor.threads import parallel_for, task
from pyollama_tensor.types import F32, I8, I16, I64, U8

BLOCK, STEP = 256, 16
SIZE, DMIN, SCALES, MINS, QS = 2368, 32, 64, 192, 320
FILE_SIZE, FILE_DMIN, FILE_SCALES, FILE_QS = 144, 2, 4, 16


@kernel
def scale_and_minimum(source: U8, s: int, group: int) -> Any:
    """Take group's six-bit numbers out of the 12 bytes from s on (get_scale_min_k4 in ggml)."""
    at = source.flat
    if group < 4:
        return at[s + group] & 63, at[s + 4 + group] & 63
    both = at[s + 4 + group]
    top_scale, top_minimum = at[s + group - 4] >> 6, at[s + group] >> 6
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
                    out.flat[o + 2 * row + i] = source.flat[s + i]
                    out.flat[o + DMIN + 2 * row + i] = source.flat[s + FILE_DMIN + i]
                for g in range(8):
                    scale, minimum = scale_and_minimum(source, s + FILE_SCALES, g)
                    out.flat[o + SCALES + 16 * g + row] = scale
                    out.flat[o + MINS + 16 * g + row] = minimum
                spread(source, s + FILE_QS, out, o + QS + 4 * row, 32)


@register_jitable
def numbers(w: U8, p: int) -> Any:
    """Sixteen bytes, one per row, as i32x16."""
    return widen_unsigned_i8x16(load_i8x16(w, p))


@register_jitable
def sum_of_32(sums: I16, i: int) -> Any:
    """Sum of 32 inputs, the same for all rows, from the four partial sums from flat place i on."""
    at = sums.flat
    return splat_i32x16(at[i] + at[i + 1] + at[i + 2] + at[i + 3])


@task
def rows(first: int, last: int, w: U8, n_block: int, q: I8, d: F32, sums: I16, out: F32) -> None:
    """Sixteen outputs per group and row of inputs."""
    for group in range(first, last):
        for t in range(q.shape[0]):
            y = splat_f32x16(0.0)
            for block in range(n_block):
                p = (group * n_block + block) * SIZE
                x = t * n_block + block
                acc, least = splat_i32x16(0), splat_i32x16(0)
                prefetch(w, p + AHEAD)
                for i in range(4):
                    low, high = start_zero(), start_zero()
                    at = 256 * x + 64 * i
                    prefetch(w, p + AHEAD + SCALES + 64 * i)
                    for unit in range(8):
                        prefetch(w, p + AHEAD + QS + 512 * i + 64 * unit)
                        qs = load_i8x64(w, p + QS + 512 * i + 64 * unit)
                        low = dot4(low, qs & 15, broadcast_4xi8(q, at + 4 * unit))
                        high = dot4(high, qs >> 4, broadcast_4xi8(q, at + 32 + 4 * unit))
                    acc = scaled(acc, low, numbers(w, p + SCALES + 32 * i))
                    acc = scaled(acc, high, numbers(w, p + SCALES + 32 * i + 16))
                    least = least + numbers(w, p + MINS + 32 * i) * sum_of_32(sums, 32 * x + 8 * i)
                    least = least + numbers(w, p + MINS + 32 * i + 16) * sum_of_32(
                        sums, 32 * x + 8 * i + 4
                    )
                dx = splat_f32x16(d.flat[x])
                y = fma(to_f32x16(acc), load_f16x16(w, p) * dx, y)
                y = y - to_f32x16(least) * (load_f16x16(w, p + DMIN) * dx)
            store_f32x16(out, t * out.shape[1] + group * ROWS, y)


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
    parallel_for(pool, rows, w.shape[0], chunk_groups(w), (w, n_block, q, d, sums, out))


@kernel
def transposed(pool: I64, w: U8, n_block: int, begin: int, end: int, out: F32) -> None:
    """Run `unpack` over groups begin to end on the pool: out[:, 0] is row 16 * begin."""
    parallel_for(pool, unpack, end - begin, 1, (w, n_block, begin, out))


@kernel
def interleave(pool: I64, source: U8, n_block: int, n_group: int, out: U8) -> None:
    """Run `repack` over whole groups of rows on the pool."""
    parallel_for(pool, repack, n_group, 1, (source, n_block, out))
