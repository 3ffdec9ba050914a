"""Sixteen groups side by side: lane g of a vector belongs to group g.

Then each group is treated as in plain code, one weight after the other, and nothing is ever summed
across lanes: sixteen groups take the same steps in the same order as one would.
"""

import numpy as np

from pyollama_tensor.jit import kernel
from pyollama_tensor.simd import (
    absolute,
    get,
    load_f32x16,
    maximum,
    minimum,
    narrow_i8x16,
    put,
    round_even,
    splat_f32x16,
    store_i8x16,
    to_i32,
    where_less,
)
from pyollama_tensor.types import F32, U8

LANES = 16
ZERO = np.float32(0.0)


@kernel
def gather(values: F32, first: int, n: int, x: F32) -> None:
    """Lay 16 groups of n weights side by side, from group `first` on.

    values: float32, flat: all groups one after the other
    x:      float32 (n, 16); lanes beyond the last group repeat it
    """
    last = values.size // n - 1
    for lane in range(LANES):
        start = min(first + lane, last) * n
        for i in range(n):
            put(x, i * LANES + lane, get(values, start + i))


@kernel
def round_all(x: F32, scale: F32, shift: F32, low: float, high: float, q: U8) -> None:
    """The integers (x + shift) / scale of 16 groups, from low to high, stored less low.

    x: float32 (n, 16); scale, shift: float32 (16,); q: uint8 (n, 16)
    A group of scale 0 gets the integer 0: nothing can be told apart in it.
    """
    zero = splat_f32x16(ZERO)
    divisor, add = load_f32x16(scale, 0), load_f32x16(shift, 0)
    least, most = splat_f32x16(low), splat_f32x16(high)
    for i in range(0, x.size, LANES):
        exact = where_less(zero, absolute(divisor), (load_f32x16(x, i) + add) / divisor, zero)
        whole = minimum(maximum(round_even(exact), least), most) - least
        store_i8x16(q, i, narrow_i8x16(to_i32(whole)))
