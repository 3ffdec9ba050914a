"""Q2_K: 256 two-bit integers in 16 groups of 16, each with a four-bit scale and minimum.

y = sum over blocks of d * dx * sum_g(scale_g * sum(q * qx)) - dmin * dx * sum_g(min_g * sum(qx)).

A record: 16 d and 16 dmin (f16), 16 x 16 bytes with a scale in the low nibble and a minimum in
the high one, then for each half of 128 inputs 8 units. Bits 2j and 2j + 1 of units 0 to 3 are
inputs of group 2j of the half, those of units 4 to 7 of group 2j + 1. 1344 bytes, as in the file.

Source: block_q2_K in ggml. NumPy twin: reference.linear.
"""

from typing import Any

from numba.extending import register_jitable

from pyollama_tensor.kernels.records import (
    copy_half,
    expand_unit,
    fetch_ahead,
    kernels_of,
    spread,
)
from pyollama_tensor.simd import (
    add_scaled,
    dot4,
    get,
    load_f16x16,
    load_i8x16,
    load_i8x64,
    put,
    scaled,
    splat_f32x16,
    start_zero,
    times_sum,
    to_f32x16,
    widen_unsigned_i8x16,
    zeros_i32,
)
from pyollama_tensor.threads import task
from pyollama_tensor.types import F32, I8, I16, U8

BLOCK, STEP = 256, 16
SIZE, DMIN, SCALES, QS = 1344, 32, 64, 320
FILE_SIZE, FILE_QS, FILE_D, FILE_DMIN = 84, 16, 80, 82


@task
def lay(source: U8, s: int, out: U8, o: int, row: int) -> None:
    """Put one row's block into a record."""
    copy_half(source, s + FILE_D, out, o + 2 * row)
    copy_half(source, s + FILE_DMIN, out, o + DMIN + 2 * row)
    for g in range(16):
        put(out, o + SCALES + 16 * g + row, get(source, s + g))
    spread(source, s + FILE_QS, out, o + QS + 4 * row, 16)


@register_jitable
def two_bits(w: U8, p: int, unit: int, j: int) -> Any:
    """One unit of weights of group 2j, and one of group 2j + 1, of the half at p."""
    a, b = load_i8x64(w, p + 64 * unit), load_i8x64(w, p + 64 * unit + 256)
    return (a >> (2 * j)) & 3, (b >> (2 * j)) & 3


@register_jitable
def scale_and_minimum(w: U8, p: int, g: int) -> Any:
    """Those of a group in the record at p, i32x16 each."""
    both = load_i8x16(w, p + SCALES + 16 * g)
    return widen_unsigned_i8x16(both & 15), widen_unsigned_i8x16(both >> 4)


@register_jitable(forceinline=True)
def add_groups(n: Any, acc: Any, w: U8, p: int, half: int, j: int, q: I8, x: int, n_in: int) -> Any:
    """Add scale * sum(q * qx) of groups 2j and 2j + 1 of a half."""
    g = 8 * half + 2 * j
    n0, n1 = start_zero(n), start_zero(n)
    for unit in range(4):
        a, b = two_bits(w, p + QS + 512 * half, unit, j)
        n0 = dot4(n0, a, q, 256 * x + 16 * g + 4 * unit, n_in)
        n1 = dot4(n1, b, q, 256 * x + 16 * g + 4 * unit + 16, n_in)
    acc = scaled(acc, n0, scale_and_minimum(w, p, g)[0])
    return scaled(acc, n1, scale_and_minimum(w, p, g + 1)[0])


@task
def add(n: Any, y: Any, w: U8, p: int, q: I8, d: F32, sums: I16, x: int, n_block: int) -> Any:
    """Add the products of one record with n rows of inputs to y."""
    acc, least, n_in = zeros_i32(n), zeros_i32(n), 256 * n_block
    for half in range(2):  # the shifts are constants: processors shift bytes by nothing else
        fetch_ahead(w, p + 672 * half, 11)
        for g in range(8):
            minimum = scale_and_minimum(w, p, 8 * half + g)[1]
            least = times_sum(least, minimum, sums, 32 * x + 16 * half + 2 * g, 32 * n_block)
        acc = add_groups(n, acc, w, p, half, 0, q, x, n_in)
        acc = add_groups(n, acc, w, p, half, 1, q, x, n_in)
        acc = add_groups(n, acc, w, p, half, 2, q, x, n_in)
        acc = add_groups(n, acc, w, p, half, 3, q, x, n_in)
    y = add_scaled(y, acc, load_f16x16(w, p), d, x, n_block)
    return add_scaled(y, least, splat_f32x16(0.0) - load_f16x16(w, p + DMIN), d, x, n_block)


@task
def expand(w: U8, p: int, out: F32, o: int) -> None:
    """Write a record as float32."""
    d, dmin = load_f16x16(w, p), load_f16x16(w, p + DMIN)
    for g in range(0, 16, 2):
        half, j = g // 8, g % 8 // 2
        scale, minimum = scale_and_minimum(w, p, g)
        next_scale, next_minimum = scale_and_minimum(w, p, g + 1)
        for unit in range(4):
            a, b = two_bits(w, p + QS + 512 * half, unit, j)
            line = o + (16 * g + 4 * unit) * out.shape[1]
            expand_unit(a, 0, d * to_f32x16(scale), dmin * to_f32x16(minimum), out, line)
            line += 16 * out.shape[1]
            expand_unit(b, 0, d * to_f32x16(next_scale), dmin * to_f32x16(next_minimum), out, line)


linear, transposed, interleave = kernels_of(lay, add, expand, BLOCK, SIZE, FILE_SIZE)
