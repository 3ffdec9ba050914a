"""Q4_K: 256 four-bit integers in 8 groups of 32, each with a six-bit scale and a minimum.

y = sum over blocks of d * dx * sum_g(scale_g * sum(q * qx)) - dmin * dx * sum_g(min_g * sum(qx)).

A record: 16 d and 16 dmin (f16), 8 x 16 scales and 8 x 16 minimums as bytes, then 4 x 8 units
whose low nibbles are inputs of group 2i and whose high nibbles are of group 2i + 1.
2368 bytes, 2.8 % more than in the file: the loop has no six-bit fields to take apart.

Source: block_q4_K in ggml. NumPy twin: reference.linear.
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
    times_sums,
    to_f32x16,
    widen_unsigned_i8x16,
    zeros_i32,
)
from pyollama_tensor.simd.tasks import apply
from pyollama_tensor.threads import task
from pyollama_tensor.types import F32, I8, I16, U8

BLOCK, STEP, PARTS, TIMES = 256, 32, 1, 1
SIZE, DMIN, SCALES, MINS, QS = 2368, 32, 64, 192, 320
FILE_SIZE, FILE_DMIN, FILE_SCALES, FILE_QS = 144, 2, 4, 16


@register_jitable
def scale_and_minimum(source: U8, s: int, group: int) -> Any:
    """Take group's six-bit numbers out of the 12 bytes from s on (get_scale_min_k4 in ggml)."""
    if group < 4:
        return get(source, s + group) & 63, get(source, s + 4 + group) & 63
    both = get(source, s + 4 + group)
    top_scale, top_minimum = get(source, s + group - 4) >> 6, get(source, s + group) >> 6
    return (both & 15) | (top_scale << 4), (both >> 4) | (top_minimum << 4)


@register_jitable
def lay_scales(source: U8, s: int, out: U8, o: int, row: int) -> None:
    """Put d, dmin, scales and minimums of one row's block into a record (Q4_K and Q5_K)."""
    copy_half(source, s, out, o + 2 * row)
    copy_half(source, s + FILE_DMIN, out, o + DMIN + 2 * row)
    for g in range(8):
        scale, minimum = scale_and_minimum(source, s + FILE_SCALES, g)
        put(out, o + SCALES + 16 * g + row, scale)
        put(out, o + MINS + 16 * g + row, minimum)


@task
def lay(source: U8, s: int, out: U8, o: int, row: int) -> None:
    """Put one row's block into a record."""
    lay_scales(source, s, out, o, row)
    spread(source, s + FILE_QS, out, o + QS + 4 * row, 32)


@register_jitable
def numbers(w: U8, p: int) -> Any:
    """Sixteen bytes, one per row, as i32x16."""
    return widen_unsigned_i8x16(load_i8x16(w, p))


@task
def unit(w: U8, p: int, run: int, k: int) -> Any:
    """Unit k of group `run` of the record at p."""
    return bits(load_i8x64(w, p + QS + 512 * (run // 2) + 64 * k), 4 * (run % 2), 15)


@task
def add(
    n: Any, y: Any, unit: Any, u: U8, o: int, w: U8, p: int, q: I8, d: F32, sums: I16, x: int
) -> Any:
    """Add the products of one record with n rows of inputs to y."""
    acc, least = zeros_i32(n), zeros_i32(n)
    for g in range(8):
        fetch_ahead(w, p + 296 * g, 5)
        narrow = start_zero(n)
        for k in range(8):
            narrow = dot4(narrow, apply(unit, (u, o, g, k)), q, 256 * x + 32 * g + 4 * k, 256)
        acc = scaled(acc, narrow, numbers(w, p + SCALES + 16 * g))
    for g in range(0, 8, 2):
        place = p + MINS + 16 * g
        least = times_sums(least, numbers(w, place), numbers(w, place + 16), sums, 8 * x + g, 8)
    y = add_scaled(y, acc, load_f16x16(w, p), d, x, 1)
    return add_scaled(y, least, splat_f32x16(0.0) - load_f16x16(w, p + DMIN), d, x, 1)


@register_jitable
def scale_of(w: U8, p: int, g: int) -> Any:
    """d * scale and dmin * minimum of a group in the record at p, for 16 rows."""
    scale = load_f16x16(w, p) * to_f32x16(numbers(w, p + SCALES + 16 * g))
    return scale, load_f16x16(w, p + DMIN) * to_f32x16(numbers(w, p + MINS + 16 * g))


@task
def expand(w: U8, p: int, out: F32, o: int) -> None:
    """Write a record as float32."""
    for g in range(8):
        scale, minimum = scale_of(w, p, g)
        for k in range(8):
            line = o + (32 * g + 4 * k) * out.shape[1]
            expand_unit(apply(unit, (w, p, g, k)), 0, scale, minimum, out, line)


linear, transposed, embed, interleave = kernels_of(lay, unit, add, expand, BLOCK, SIZE, FILE_SIZE)
