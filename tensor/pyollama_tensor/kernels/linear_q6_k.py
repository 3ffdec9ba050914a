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
    kernels_of,
    spread,
)
from pyollama_tensor.simd import (
    add_scaled,
    bits,
    dot4,
    fetch_ahead,
    get,
    lift,
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
from pyollama_tensor.simd.tasks import apply
from pyollama_tensor.threads import task
from pyollama_tensor.types import F32, I8, I16, U8

BLOCK, STEP, PARTS = 256, 16, 2
TIMES = OFFSET = -32  # what is stored is q - OFFSET
SIZE, SCALES, HALVES = 3360, 32, 288
HALF, QH = 1536, 1024  # bytes of a half, and where its top bits begin
FILE_SIZE, FILE_QH, FILE_SCALES, FILE_D = 210, 128, 192, 208


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
def scale_of(w: U8, p: int, group: int) -> Any:
    """Scales of one group of 16 inputs, i32x16, from the record at p."""
    return widen_signed_i8x16(load_i8x16(w, p + SCALES + 16 * group))


@task
def unit(w: U8, p: int, run: int, k: int) -> Any:
    """Unit k of a run of 32 inputs, two groups, of the record at p."""
    half, quarter = p + HALVES + HALF * (run // 4), run % 4
    low = bits(load_i8x64(w, half + 512 * (quarter % 2) + 64 * k), 4 * (quarter // 2), 15)
    return low | lift(bits(load_i8x64(w, half + QH + 64 * k), 2 * quarter, 3), 4)


@task
def add(
    n: Any, y: Any, unit: Any, u: U8, o: int, w: U8, p: int, q: I8, d: F32, sums: I16, x: int
) -> Any:
    """Add the products of one record with n rows of inputs to y."""
    acc = zeros_i32(n)
    for run in range(8):
        fetch_ahead(w, p + 420 * run, 7)
        for half in range(2):
            g = 2 * run + half
            narrow = start(n, sums, 32 * x + 2 * g, 32)
            for k in range(4):
                four = apply(unit, (u, o, run, 4 * half + k))
                narrow = dot4(narrow, four, q, 256 * x + 16 * g + 4 * k, 256)
            acc = scaled(acc, narrow, scale_of(w, p, g))
    return add_scaled(y, acc, load_f16x16(w, p), d, x, 1)


@task
def expand(w: U8, p: int, out: F32, o: int) -> None:
    """Write a record as float32."""
    d, zero = load_f16x16(w, p), splat_f32x16(0.0)
    for run in range(8):
        for k in range(8):
            scale = d * to_f32x16(scale_of(w, p, 2 * run + k // 4))
            line = o + (32 * run + 4 * k) * out.shape[1]
            expand_unit(apply(unit, (w, p, run, k)), OFFSET, scale, zero, out, line)


linear, transposed, embed, interleave = kernels_of(lay, unit, add, expand, BLOCK, SIZE, FILE_SIZE)
