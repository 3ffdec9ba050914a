"""Q2_K: 256 two-bit integers in 16 groups of 16, each with a scale and a minimum; 2.625 bits.

A group's byte in `scales` holds its scale (low nibble) and minimum (high nibble); `d` and `dmin`
scale those. Each half of 128 elements uses 32 bytes of `qs`: the lowest two bits of all 32 bytes
are the first 32 elements, the next two bits the next 32, and so on. Source: block_q2_K in ggml.
"""

import numpy as np
from numpy.typing import NDArray

from pyollama_formats.blocks.bits import unpack

DTYPE = np.dtype(
    [
        ("scales", "u1", 16),
        ("qs", "u1", 64),
        ("d", "<f2"),  # scale of the scales
        ("dmin", "<f2"),  # scale of the minimums
    ]
)


def dequantize(blocks: NDArray[np.void]) -> NDArray[np.float32]:
    """Blocks (n,) -> float32 (n, 256): y = d * scale * q - dmin * minimum."""
    d = blocks["d"].astype(np.float32)[:, None]  # (n, 1)
    dmin = blocks["dmin"].astype(np.float32)[:, None]  # (n, 1)
    scale = d * (blocks["scales"] & 15).astype(np.float32)  # (n, 16)
    minimum = dmin * (blocks["scales"] >> 4).astype(np.float32)  # (n, 16)
    q = unpack(blocks["qs"].reshape(-1, 2, 32), 2).reshape(-1, 16, 16).astype(np.float32)
    y = scale[:, :, None] * q - minimum[:, :, None]  # (n, 16, 16)
    return np.asarray(y.reshape(-1, 256), np.float32)
