"""One block of each format without a fast kernel, as float32: plain scalar code.

Each task writes the weights of the block at byte p of w to places o, o + 1, ... of y.

w: uint8, any shape, counted flat; y: float32, any shape, counted flat
Source: the block formats of ggml, described in pyollama_formats.blocks, whose dequantize is the
NumPy twin.
"""

import numpy as np

from pyollama_tensor.kernels.linear_q4_k import scale_and_minimum
from pyollama_tensor.simd import get, load_f16, put
from pyollama_tensor.threads import task
from pyollama_tensor.types import F32, U8

F = np.float32


@task
def q4_1(w: U8, p: int, y: F32, o: int) -> None:
    """Y = d * q + m, 32 nibbles."""
    d, m = load_f16(w, p), load_f16(w, p + 2)
    for i in range(16):
        qs = get(w, p + 4 + i)
        put(y, o + i, d * F(qs & 15) + m)
        put(y, o + 16 + i, d * F(qs >> 4) + m)


@task
def q5_0(w: U8, p: int, y: F32, o: int) -> None:
    """Y = d * (q - 16), the fifth bits in four bytes of their own."""
    d = load_f16(w, p)
    for i in range(16):
        qs = get(w, p + 6 + i)
        low, high = get(w, p + 2 + i // 8) >> (i % 8), get(w, p + 4 + i // 8) >> (i % 8)
        put(y, o + i, d * (F((qs & 15) | (low & 1) << 4) - F(16)))
        put(y, o + 16 + i, d * (F((qs >> 4) | (high & 1) << 4) - F(16)))


@task
def q5_1(w: U8, p: int, y: F32, o: int) -> None:
    """Y = d * q + m, the fifth bits in four bytes of their own."""
    d, m = load_f16(w, p), load_f16(w, p + 2)
    for i in range(16):
        qs = get(w, p + 8 + i)
        low, high = get(w, p + 4 + i // 8) >> (i % 8), get(w, p + 6 + i // 8) >> (i % 8)
        put(y, o + i, d * F((qs & 15) | (low & 1) << 4) + m)
        put(y, o + 16 + i, d * F((qs >> 4) | (high & 1) << 4) + m)


@task
def q2_k(w: U8, p: int, y: F32, o: int) -> None:
    """Y = d * scale * q - dmin * minimum, 16 groups of 16 two-bit integers."""
    d, dmin = load_f16(w, p + 80), load_f16(w, p + 82)
    for group in range(16):
        both = get(w, p + group)
        scale, minimum = d * F(both & 15), dmin * F(both >> 4)
        first = p + 16 + 32 * (group // 8) + 16 * (group % 2)
        for i in range(16):
            q = (get(w, first + i) >> (2 * (group % 8 // 2))) & 3
            put(y, o + 16 * group + i, scale * F(q) - minimum)


@task
def q3_k(w: U8, p: int, y: F32, o: int) -> None:
    """Y = d * scale * q, q from -4 to 3, 16 groups of 16; scales in six bits minus 32."""
    d = load_f16(w, p + 108)
    for group in range(16):
        low = (get(w, p + 96 + group % 8) >> (4 * (group // 8))) & 15
        high = (get(w, p + 104 + group % 4) >> (2 * (group // 4))) & 3
        scale = d * (F(low | high << 4) - F(32))
        first = p + 32 + 32 * (group // 8) + 16 * (group % 2)
        for i in range(16):
            q = (get(w, first + i) >> (2 * (group % 8 // 2))) & 3
            third = (get(w, p + 16 * (group % 2) + i) >> (group // 2)) & 1
            put(y, o + 16 * group + i, scale * (F(q | third << 2) - F(4)))


@task
def q5_k(w: U8, p: int, y: F32, o: int) -> None:
    """Y = d * scale * q - dmin * minimum, 8 groups of 32 five-bit integers."""
    d, dmin = load_f16(w, p), load_f16(w, p + 2)
    for group in range(8):
        scale, minimum = scale_and_minimum(w, p + 4, group)
        ds, dm = d * F(scale), dmin * F(minimum)
        for i in range(32):
            low = (get(w, p + 48 + 32 * (group // 2) + i) >> (4 * (group % 2))) & 15
            high = (get(w, p + 16 + i) >> group) & 1
            put(y, o + 32 * group + i, ds * F(low | high << 4) - dm)
