"""Q6_K: 256 six-bit integers around zero in 16 groups of 16, each with a scale; 6.5625 bits.

Each half of 128 elements takes 64 bytes of `ql` (its low nibbles are the first 64 elements, its
high nibbles the last 64) and 32 bytes of `qh` (two bits for each of four runs of 32 elements).
Source: block_q6_K in ggml.
"""

import numpy as np
from numpy.typing import NDArray

from pyollama_formats.blocks.bits import pack, unpack
from pyollama_formats.blocks.search import extreme, fit_symmetric, grids

DTYPE = np.dtype(
    [
        ("ql", "u1", 128),
        ("qh", "u1", 64),
        ("scales", "i1", 16),
        ("d", "<f2"),  # scale of the scales
    ]
)
# Steps from zero to the largest magnitude that are tried; the plain grid first.
WIDTHS = grids(32, 0.0, [0, *range(-9, 0), *range(1, 10)])


def dequantize(blocks: NDArray[np.void]) -> NDArray[np.float32]:
    """Blocks (n,) -> float32 (n, 256): y = d * scale * (q - 32)."""
    d = blocks["d"].astype(np.float32)[:, None]  # (n, 1)
    scale = d * blocks["scales"].astype(np.float32)  # (n, 16)
    low = unpack(blocks["ql"].reshape(-1, 2, 64), 4).reshape(-1, 16, 16)
    high = unpack(blocks["qh"].reshape(-1, 2, 32), 2).reshape(-1, 16, 16)
    q = (low | high << 4).astype(np.float32) - 32
    return np.asarray((scale[:, :, None] * q).reshape(-1, 256), np.float32)


def quantize(x: NDArray[np.float32]) -> NDArray[np.void]:
    """Finite float32 (n, 256) -> blocks (n,), with scales found by search."""
    blocks = np.empty(len(x), DTYPE)
    groups = x.reshape(-1, 16, 16)
    scale = fit_symmetric(groups, 32, WIDTHS)  # (n, 16)
    top = extreme(scale)  # (n, 1)
    inverse = np.divide(-128, top, out=np.zeros_like(top), where=top != 0)
    scales = np.rint(inverse * scale).clip(-128, 127)
    d = np.divide(1, inverse, out=np.zeros_like(top), where=top != 0)
    blocks["d"], blocks["scales"] = d[:, 0], scales
    d = (blocks["d"].astype(np.float32)[:, None] * scales)[:, :, None]  # (n, 16, 1)
    exact = np.divide(groups, d, out=np.zeros_like(groups), where=d != 0)
    q = (np.rint(exact).clip(-32, 31) + 32).astype(np.uint8).reshape(-1, 2, 128)
    blocks["ql"] = pack((q & 15).reshape(-1, 2, 2, 64), 4).reshape(-1, 128)
    blocks["qh"] = pack((q >> 4).reshape(-1, 2, 4, 32), 2).reshape(-1, 64)
    return blocks
