"""The fifth bits of Q5_0, Q5_1 and Q5_K: how records keep them, and how kernels put them back.

Four units of nibbles (64 bytes each) hold two runs of 16 inputs, one in the low nibbles and one
in the high ones. One more unit holds their fifth bits: bit i of byte k belongs to input k of the
i-th of eight fours, of which 0 to 3 are the low run and 4 to 7 the high run.
"""

from typing import Any

import numpy as np
from numba.extending import register_jitable

from pyollama_tensor.simd import bits, lift, load_4xi8, load_i8x64, store_4xi8
from pyollama_tensor.types import U8

ONES = 0x01010101  # the lowest bit of each of four bytes


@register_jitable
def lay_32_bits(source: U8, s: int, out: U8, o: int) -> None:
    """Put 32 bits at s, bit j for input j, into a row of a unit (Q5_0 and Q5_1)."""
    word, fifth = np.int64(load_4xi8(source, s)), np.int64(0)
    for i in range(8):
        four = (word >> (4 * i)) & 15
        fifth |= ((four * 0x204081) & ONES) << i  # the product moves bit k to bit 8 k
    store_4xi8(out, o, np.int32(fifth))


@register_jitable
def lay_two_bits(source: U8, s: int, bit: int, out: U8, o: int) -> None:
    """Put two bits of each of 16 bytes at s, of the low run and the next one, into a row (Q5_K)."""
    fifth = np.int64(0)
    for unit in range(4):
        word = np.int64(load_4xi8(source, s + 4 * unit)) >> bit
        fifth |= (word & ONES) << unit | ((word >> 1) & ONES) << (4 + unit)
    store_4xi8(out, o, np.int32(fifth))


@register_jitable
def five_bits(w: U8, p: int, top: int, high: int, k: int) -> Any:
    """Weights 0 to 31: the nibbles of the unit at p, the k-th of four, with fifth bits at top.

    high: 0 for the low nibbles, 1 for the high ones
    """
    fifth = bits(load_i8x64(w, top), 4 * high + k, 1)
    return bits(load_i8x64(w, p), 4 * high, 15) | lift(fifth, 4)
