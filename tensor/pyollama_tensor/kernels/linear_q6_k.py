"""Q6_K: 256 six-bit integers in 16 groups of 16, each with a signed scale.

y = sum over blocks of d * dx * sum_g(scale_g * sum((q - 32) * qx)).

A record: 16 d (f16), 16 x 16 scales as bytes, then for each half of 128 inputs 16 units of low
nibbles (inputs 0 to 63 low, 64 to 127 high) and 8 units of top bits (two for each run of 32).
3360 bytes, as in the file.

Source: block_q6_K in ggml. NumPy twin: reference.linear.
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
    start,
    store_f32x16,
    store_rows,
    to_f32x16,
    widen_signed_i8x16,
    zeros_f32,
    zeros_i32,
)
from pyollama_tensor.threads import parallel_for, task
from pyollama_tensor.types import F32, I8, I16, I64, U8

BLOCK, STEP = 256, 16
SIZE, SCALES, HALVES = 3360, 32, 288
HALF, QH = 1536, 1024  # bytes of a half, and where its top bits begin
FILE_SIZE, FILE_QH, FILE_SCALES, FILE_D = 210, 128, 192, 208
OFFSET = -32


@task
def repack(first: int, last: int, source: U8, n_block: int, out: U8) -> None:
    """Lay the blocks of 16 rows side by side."""
    for group in range(first, last):
        for block in range(n_block):
            for row in range(ROWS):
                s = ((group * ROWS + row) * n_block + block) * FILE_SIZE
                o = (group * n_block + block) * SIZE
                put(out, o + 2 * row, get(source, s + FILE_D))
                put(out, o + 2 * row + 1, get(source, s + FILE_D + 1))
                for g in range(16):
                    put(out, o + SCALES + 16 * g + row, get(source, s + FILE_SCALES + g))
                for half in range(2):
                    place = o + HALVES + HALF * half + 4 * row
                    spread(source, s + 64 * half, out, place, 16)
                    spread(source, s + FILE_QH + 32 * half, out, place + QH, 8)


@register_jitable
def pair(w: U8, p: int, unit: int, shift: int) -> Any:
    """Two units of weights from 0 to 63, 32 inputs apart, of the half at p.

    shift: 0 for inputs 0 to 63 of the half, 4 for 64 to 127
    """
    top = load_i8x64(w, p + QH + 64 * unit) >> shift
    a = (load_i8x64(w, p + 64 * unit) >> shift) & 15
    b = (load_i8x64(w, p + 512 + 64 * unit) >> shift) & 15
    return a | ((top << 4) & 48), b | ((top << 2) & 48)


@register_jitable
def scale_of(w: U8, p: int, group: int) -> Any:
    """Scales of one group of 16 inputs, i32x16, from the record at p."""
    return widen_signed_i8x16(load_i8x16(w, p + SCALES + 16 * group))


@register_jitable
def add_groups(
    n: Any, acc: Any, p: int, g: int, x: int, w: U8, n_block: int, q: I8, sums: I16
) -> Any:
    """Add groups g and g + 2 of the record at p, for n rows of inputs with block x the first."""
    n_in, n_sum = 256 * n_block, 32 * n_block  # strides from row to row
    half, shift, units = p + HALVES + HALF * (g // 8), g // 4 % 2 * 4, g % 2 * 4
    n0 = start(n, sums, 32 * x + 2 * g, n_sum, OFFSET)
    n1 = start(n, sums, 32 * x + 2 * g + 4, n_sum, OFFSET)
    for unit in range(4):
        q0, q1 = pair(w, half, units + unit, shift)
        n0 = dot4(n0, q0, q, 256 * x + 16 * g + 4 * unit, n_in)
        n1 = dot4(n1, q1, q, 256 * x + 16 * g + 4 * unit + 32, n_in)
    acc = scaled(acc, n0, scale_of(w, p, g))
    return scaled(acc, n1, scale_of(w, p, g + 2))


@register_jitable
def tile(
    n: Any, group: int, t: int, w: U8, n_block: int, q: I8, d: F32, sums: I16, out: F32
) -> None:
    """Sixteen outputs of one group for n rows of inputs from row t on."""
    y = zeros_f32(n)
    for block in range(n_block):
        p = (group * n_block + block) * SIZE
        x = t * n_block + block
        acc = zeros_i32(n)
        for i in range(4):
            for line in range(13):
                prefetch(w, p + AHEAD + 832 * i + 64 * line)
            g = 8 * (i // 2) + i % 2
            acc = add_groups(n, acc, p, g, x, w, n_block, q, sums)
            acc = add_groups(n, acc, p, g + 4, x, w, n_block, q, sums)
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


@register_jitable
def expand(qs: Any, scale: Any, out: F32, o: int) -> None:
    """Store four inputs of 16 rows, one line of `out` for each."""
    for k in range(4):
        y = to_f32x16(byte_unsigned(qs, k)) + splat_f32x16(OFFSET)
        store_f32x16(out, o + k * out.shape[1], scale * y)


@task
def unpack(first: int, last: int, w: U8, n_block: int, begin: int, out: F32) -> None:
    """Weights of a group as 16 columns of out."""
    for group in range(first, last):
        for block in range(n_block):
            p = ((begin + group) * n_block + block) * SIZE
            d = load_f16x16(w, p)
            for unit in range(16):
                half, g = unit // 8, 8 * (unit // 8) + unit % 8 // 4
                q0, q1 = pair(w, p + HALVES + HALF * half, unit % 8, 0)
                q2, q3 = pair(w, p + HALVES + HALF * half, unit % 8, 4)
                o = (256 * block + 128 * half + 4 * (unit % 8)) * out.shape[1] + group * ROWS
                expand(q0, d * to_f32x16(scale_of(w, p, g)), out, o)
                expand(q1, d * to_f32x16(scale_of(w, p, g + 2)), out, o + 32 * out.shape[1])
                expand(q2, d * to_f32x16(scale_of(w, p, g + 4)), out, o + 64 * out.shape[1])
                expand(q3, d * to_f32x16(scale_of(w, p, g + 6)), out, o + 96 * out.shape[1])


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
