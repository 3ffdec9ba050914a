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
    kernels_of,
    spread,
)
from pyollama_tensor.simd import (
    add_scaled,
    bits,
    dot4,
    fetch_ahead,
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
from pyollama_tensor.simd.tasks import apply
from pyollama_tensor.threads import task
from pyollama_tensor.types import F32, I8, I16, U8

BLOCK, STEP, PARTS, TIMES = 256, 16, 2, 1
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
def two_bits(w: U8, p: int, run: int, k: int) -> Any:
    """Unit k of a run of 32 inputs of the units at p (Q2_K and Q3_K)."""
    return bits(load_i8x64(w, p + 512 * (run // 4) + 64 * k), 2 * (run % 4), 3)


@register_jitable
def scale_and_minimum(w: U8, p: int, g: int) -> Any:
    """Those of a group in the record at p, i32x16 each."""
    both = load_i8x16(w, p + SCALES + 16 * g)
    return widen_unsigned_i8x16(both & 15), widen_unsigned_i8x16(both >> 4)


@task
def unit(w: U8, p: int, run: int, k: int) -> Any:
    """Unit k of a run of 32 inputs, two groups, of the record at p."""
    return two_bits(w, p + QS, run, k)


@task
def add(
    n: Any, y: Any, unit: Any, u: U8, o: int, w: U8, p: int, q: I8, d: F32, sums: I16, x: int
) -> Any:
    """Add the products of one record with n rows of inputs to y."""
    acc, least = zeros_i32(n), zeros_i32(n)
    for run in range(8):
        fetch_ahead(w, p + 168 * run, 3)
        for half in range(2):
            narrow, g = start_zero(n), 2 * run + half
            for k in range(4):
                four = apply(unit, (u, o, run, 4 * half + k))
                narrow = dot4(narrow, four, q, 256 * x + 16 * g + 4 * k, 256)
            acc = scaled(acc, narrow, scale_and_minimum(w, p, g)[0])
    for g in range(16):
        least = times_sum(least, scale_and_minimum(w, p, g)[1], sums, 32 * x + 2 * g, 32)
    y = add_scaled(y, acc, load_f16x16(w, p), d, x, 1)
    return add_scaled(y, least, splat_f32x16(0.0) - load_f16x16(w, p + DMIN), d, x, 1)


@task
def expand(w: U8, p: int, out: F32, o: int) -> None:
    """Write a record as float32."""
    d, dmin = load_f16x16(w, p), load_f16x16(w, p + DMIN)
    for g in range(16):
        scale, minimum = scale_and_minimum(w, p, g)
        for k in range(4):
            four = apply(unit, (w, p, g // 2, g % 2 * 4 + k))
            line = o + (16 * g + 4 * k) * out.shape[1]
            expand_unit(four, 0, d * to_f32x16(scale), dmin * to_f32x16(minimum), out, line)


linear, transposed, embed, interleave = kernels_of(lay, unit, add, expand, BLOCK, SIZE, FILE_SIZE)
