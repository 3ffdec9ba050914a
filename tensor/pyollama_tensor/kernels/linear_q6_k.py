"""Q6_K: 256 six-bit integers in 16 groups of 16, each with a signed scale.

y = sum over blocks of d * dx * sum_g(scale_g * sum((q - 32) * qx)).

A record: 16 d (f16), 16 x 16 scales as bytes, then for each half of 128 inputs 16 units of low
nibbles (inputs 0 to 63 low, 64 to 127 high) and 8 units of top bits (two for each run of 32).
3360 bytes, as in the file.

Source: block_q6_K in ggml. NumPy twin: reference.linear.
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
    bits,
    dot4,
    get,
    load_f16x16,
    load_i8x16,
    load_i8x64,
    put,
    scaled,
    splat_f32x16,
    start,
    to_f32x16,
    widen_signed_i8x16,
    zeros_i32,
)
from pyollama_tensor.threads import task
from pyollama_tensor.types import F32, I8, I16, U8

BLOCK, STEP = 256, 16
SIZE, SCALES, HALVES = 3360, 32, 288
HALF, QH = 1536, 1024  # bytes of a half, and where its top bits begin
FILE_SIZE, FILE_QH, FILE_SCALES, FILE_D = 210, 128, 192, 208
OFFSET = -32


@task
def lay(source: U8, s: int, out: U8, o: int, row: int) -> None:
    """Put one row's block into a record."""
    copy_half(source, s + FILE_D, out, o + 2 * row)
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
    top = bits(load_i8x64(w, p + QH + 64 * unit), shift, 15)
    a = bits(load_i8x64(w, p + 64 * unit), shift, 15)
    b = bits(load_i8x64(w, p + 512 + 64 * unit), shift, 15)
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


@task
def add(n: Any, y: Any, w: U8, p: int, q: I8, d: F32, sums: I16, x: int, n_block: int) -> Any:
    """Add the products of one record with n rows of inputs to y."""
    acc = zeros_i32(n)
    for i in range(4):
        fetch_ahead(w, p + 832 * i, 13)
        g = 8 * (i // 2) + i % 2
        acc = add_groups(n, acc, p, g, x, w, n_block, q, sums)
        acc = add_groups(n, acc, p, g + 4, x, w, n_block, q, sums)
    return add_scaled(y, acc, load_f16x16(w, p), d, x, n_block)


@task
def expand(w: U8, p: int, out: F32, o: int) -> None:
    """Write a record as float32."""
    d, zero = load_f16x16(w, p), splat_f32x16(0.0)
    for unit in range(16):
        half, g = unit // 8, 8 * (unit // 8) + unit % 8 // 4
        for shift in range(0, 8, 4):
            a, b = pair(w, p + HALVES + HALF * half, unit % 8, shift)
            line = o + (128 * half + 16 * shift + 4 * (unit % 8)) * out.shape[1]
            scale, next_scale = scale_of(w, p, g + shift), scale_of(w, p, g + shift + 2)
            expand_unit(a, OFFSET, d * to_f32x16(scale), zero, out, line)
            expand_unit(b, OFFSET, d * to_f32x16(next_scale), zero, out, line + 32 * out.shape[1])


linear, transposed, interleave = kernels_of(lay, add, expand, BLOCK, SIZE, FILE_SIZE)
