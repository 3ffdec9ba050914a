"""What Q4_0, Q5_0 and Q5_1 share: sixteen blocks at once, whose scales follow from the extremes.

The K-quants fall back to these formats where their large blocks do not fit the rows.
"""

from typing import Any

import numpy as np
from numba.extending import register_jitable

from pyollama_tensor.jit import kernel
from pyollama_tensor.quantization.lanes import LANES, ZERO
from pyollama_tensor.simd import (
    absolute,
    get,
    load_f32x16,
    maximum,
    minimum,
    narrow_i8x16,
    put,
    splat_f32x16,
    store_f32x16,
    store_i8x16,
    to_i32,
    where_less,
)
from pyollama_tensor.types import F32, U8

BLOCK = 32  # weights
GRAIN = 16  # sixteen blocks each, that are worth calling another thread for
ONE = np.float32(1.0)


@register_jitable
def extreme(x: F32) -> Any:
    """The weight of the largest magnitude in each lane, the first of several. x: float32 (n, 16)"""
    found = splat_f32x16(ZERO)
    for i in range(0, x.size, LANES):
        v = load_f32x16(x, i)
        found = where_less(absolute(found), absolute(v), v, found)
    return found


@kernel
def round_signed(x: F32, half: float, q: U8, scale: F32) -> None:
    """Integers from 0 to 2 * half - 1 for x = scale * (q - half): the extreme becomes 0.

    x: float32 (32, 16); q: uint8 (32, 16); scale: float32 (16,)
    """
    d = extreme(x) / splat_f32x16(-half)
    store_f32x16(scale, 0, d)
    _truncate(x, splat_f32x16(ZERO), d, half + 0.5, 2.0 * half - 1.0, q)


@kernel
def round_span(x: F32, most: float, q: U8, scale: F32, least: F32) -> None:
    """Integers from 0 to `most` for x = scale * q + least: the extremes become 0 and `most`.

    x: float32 (32, 16); q: uint8 (32, 16); scale, least: float32 (16,)
    """
    low = high = load_f32x16(x, 0)
    for i in range(LANES, x.size, LANES):
        low, high = minimum(low, load_f32x16(x, i)), maximum(high, load_f32x16(x, i))
    d = (high - low) / splat_f32x16(most)
    store_f32x16(scale, 0, d)
    store_f32x16(least, 0, low)
    _truncate(x, low, d, 0.5, most, q)


@register_jitable
def _truncate(x: F32, low: Any, d: Any, add: float, most: float, q: U8) -> None:
    """Store (x - low) / d + add without its fraction, at most `most`; `add` alone where d is 0."""
    zero, rounding, top = splat_f32x16(ZERO), splat_f32x16(add), splat_f32x16(most)
    inverse = where_less(zero, absolute(d), splat_f32x16(ONE) / d, zero)
    for i in range(0, x.size, LANES):
        exact = minimum((load_f32x16(x, i) - low) * inverse + rounding, top)
        store_i8x16(q, i, narrow_i8x16(to_i32(exact)))


@kernel
def store_nibbles(q: U8, lane: int, out: U8, place: int) -> None:
    """Pack the low four bits of one lane's block: weights i and i + 16 share byte i.

    q: uint8 (32, 16); out: uint8, flat, 16 bytes from `place` on overwritten
    """
    for i in range(BLOCK // 2):
        low, high = get(q, i * LANES + lane), get(q, (i + BLOCK // 2) * LANES + lane)
        put(out, place + i, (low & 15) | (high & 15) << 4)


@kernel
def store_fifth_bits(q: U8, lane: int, out: U8, place: int) -> None:
    """Pack the fifth bits of one lane's block into four bytes: bit i belongs to weight i."""
    for byte in range(BLOCK // 8):
        bits = 0
        for i in range(8):
            bits |= (get(q, (8 * byte + i) * LANES + lane) >> 4) << i
        put(out, place + byte, bits)
