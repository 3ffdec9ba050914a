"""Q3_K: 256 three-bit integers around zero in 16 groups of 16, each with a six-bit scale.

y = sum over blocks of d * dx * sum_g((scale_g - 32) * sum((q - 4) * qx)).

A record: 16 d (f16), 8 x 16 bytes with the low four bits of the scales of groups 2m and 2m + 1,
4 x 16 bytes with the high two bits of those of the even or odd groups of a half; then 2 x 8 units
as in Q2_K, then 2 x 4 units of third bits: bit j of unit u belongs to unit u of group 2j of the
half, bit 4 + j to that of group 2j + 1. 1760 bytes, as in the file.

Source: block_q3_K in ggml. NumPy twin: reference.linear.
"""

from typing import Any

import numpy as np
from numba.extending import register_jitable

from pyollama_tensor.kernels.linear_q2_k import two_bits
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
    load_4xi8,
    load_f16x16,
    load_i8x16,
    load_i8x64,
    put,
    scaled,
    splat_f32x16,
    start,
    store_4xi8,
    to_f32x16,
    widen_unsigned_i8x16,
    zeros_i32,
)
from pyollama_tensor.simd.tasks import apply
from pyollama_tensor.threads import task
from pyollama_tensor.types import F32, I8, I16, U8

BLOCK, STEP, PARTS = 256, 16, 2
TIMES = OFFSET = -4  # what is stored is q - OFFSET
SIZE, LOW, HIGH, QS, QH = 1760, 32, 160, 224, 1248
FILE_SIZE, FILE_QS, FILE_SCALES, FILE_D = 110, 32, 96, 108
NIBBLES = 0x0F0F0F0F  # the low nibble of each of four bytes


@register_jitable
def low_bits(source: U8, s: int, g: int) -> Any:
    """The low four bits of a group's scale, from the 12 bytes at s."""
    return (get(source, s + g % 8) >> (4 * (g // 8))) & 15


@register_jitable
def high_bits(source: U8, s: int, g: int) -> Any:
    """The high two bits of a group's scale, from the 12 bytes at s."""
    return (get(source, s + 8 + g % 4) >> (2 * (g // 4))) & 3


@task
def lay(source: U8, s: int, out: U8, o: int, row: int) -> None:
    """Put one row's block into a record."""
    copy_half(source, s + FILE_D, out, o + 2 * row)
    scales = s + FILE_SCALES
    for m in range(8):
        both = low_bits(source, scales, 2 * m) | low_bits(source, scales, 2 * m + 1) << 4
        put(out, o + LOW + 16 * m + row, both)
    for i in range(4):  # half i // 2, its even or its odd groups
        bits = 0
        for j in range(4):
            bits |= high_bits(source, scales, 8 * (i // 2) + 2 * j + i % 2) << (2 * j)
        put(out, o + HIGH + 16 * i + row, bits)
    spread(source, s + FILE_QS, out, o + QS + 4 * row, 16)
    for unit in range(8):  # bit g of a byte of the file belongs to run g of 32 inputs
        even = np.int64(load_4xi8(source, s + 4 * (unit % 4))) >> (4 * (unit // 4))
        odd = np.int64(load_4xi8(source, s + 4 * (unit % 4) + 16)) >> (4 * (unit // 4))
        third = (even & NIBBLES) | (odd & NIBBLES) << 4
        store_4xi8(out, o + QH + 64 * unit + 4 * row, np.int32(third))


@register_jitable
def two_scales(w: U8, p: int, half: int, j: int) -> Any:
    """Scales of groups 2j and 2j + 1 of a half, from -32 to 31, i32x16 each."""
    low, place = load_i8x16(w, p + LOW + 16 * (4 * half + j)), p + HIGH + 32 * half
    even, odd = load_i8x16(w, place) >> (2 * j), load_i8x16(w, place + 16) >> (2 * j)
    a, b = (low & 15) | ((even & 3) << 4), (low >> 4) | ((odd & 3) << 4)
    return widen_unsigned_i8x16(a) - 32, widen_unsigned_i8x16(b) - 32


@task
def unit(w: U8, p: int, run: int, k: int) -> Any:
    """Unit k of a run of 32 inputs, two groups, of the record at p."""
    third = load_i8x64(w, p + QH + 256 * (run // 4) + 64 * (k % 4))
    return two_bits(w, p + QS, run, k) | lift(bits(third, run % 4 + 4 * (k // 4), 1), 2)


@register_jitable(forceinline=True)
def group_sum(n: Any, unit: Any, u: U8, o: int, g: int, q: I8, sums: I16, x: int) -> Any:
    """The narrow sum of one group of a record."""
    narrow = start(n, sums, 32 * x + 2 * g, 32)
    for k in range(4):
        four = apply(unit, (u, o, g // 2, g % 2 * 4 + k))
        narrow = dot4(narrow, four, q, 256 * x + 16 * g + 4 * k, 256)
    return narrow


@task
def add(
    n: Any, y: Any, unit: Any, u: U8, o: int, w: U8, p: int, q: I8, d: F32, sums: I16, x: int
) -> Any:
    """Add the products of one record with n rows of inputs to y."""
    acc = zeros_i32(n)
    for run in range(8):
        fetch_ahead(w, p + 220 * run, 4)
        even, odd = two_scales(w, p, run // 4, run % 4)
        acc = scaled(acc, group_sum(n, unit, u, o, 2 * run, q, sums, x), even)
        acc = scaled(acc, group_sum(n, unit, u, o, 2 * run + 1, q, sums, x), odd)
    return add_scaled(y, acc, load_f16x16(w, p), d, x, 1)


@task
def expand(w: U8, p: int, out: F32, o: int) -> None:
    """Write a record as float32."""
    d, zero = load_f16x16(w, p), splat_f32x16(0.0)
    for run in range(8):
        even, odd = two_scales(w, p, run // 4, run % 4)
        for k in range(8):
            line = o + (32 * run + 4 * k) * out.shape[1]
            scale = d * to_f32x16(even if k < 4 else odd)
            expand_unit(apply(unit, (w, p, run, k)), OFFSET, scale, zero, out, line)


linear, transposed, embed, interleave = kernels_of(lay, unit, add, expand, BLOCK, SIZE, FILE_SIZE)
