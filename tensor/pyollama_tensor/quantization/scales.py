"""The scales and minimums of Q4_K and Q5_K: eight of each, six bits wide, in twelve bytes.

`pyollama_formats.blocks.q4_k.scales_and_minimums` tells how they lie.
"""

import numpy as np
from numba.extending import register_jitable

from pyollama_tensor.jit import kernel
from pyollama_tensor.simd import get, load_f16, put, store_f16
from pyollama_tensor.types import F32, U8

GROUPS = 8
MOST = np.float32(63.0)


@register_jitable
def largest(x: F32, first: int) -> np.float32:
    """The largest of eight numbers, or 0 if all are below."""
    top = np.float32(0.0)
    for j in range(first, first + GROUPS):
        top = max(top, x[j])
    return np.float32(top)


@register_jitable
def six_bits(x: np.float32, top: np.float32) -> int:
    """x as an integer from 0 to 63, which is top."""
    inverse = MOST / top if top > 0 else np.float32(0.0)
    return int(min(max(np.rint(inverse * x), np.float32(0.0)), MOST))


@kernel
def store_scales(scale: F32, least: F32, first: int, out: U8, place: int) -> None:
    """Write one block's d, dmin and packed integers, and replace the numbers by what they became.

    scale, least: float32 (16,), of which eight from `first` on are the block's
    out:          uint8, flat; 16 bytes from `place` on are overwritten
    NumPy twin: blocks.q4_k.six_bits and packed_scales.
    """
    top, deep = largest(scale, first), largest(least, first)
    store_f16(out, place, top / MOST)
    store_f16(out, place + 2, deep / MOST)
    d, dmin = load_f16(out, place), load_f16(out, place + 2)
    for j in range(GROUPS):
        s, m = six_bits(scale[first + j], top), six_bits(least[first + j], deep)
        scale[first + j], least[first + j] = d * np.float32(s), dmin * np.float32(m)
        at = place + 4 + j % 4
        if j < 4:
            put(out, at, s)
            put(out, at + 4, m)
        else:
            put(out, at, get(out, at) | (s >> 4) << 6)
            put(out, at + 4, get(out, at + 4) | (m >> 4) << 6)
            put(out, at + 8, (s & 15) | (m & 15) << 4)
