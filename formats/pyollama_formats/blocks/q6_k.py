"""Q6_K: 256 six-bit integers around zero in 16 groups of 16, each with a scale; 6.5625 bits.

Each half of 128 elements takes 64 bytes of `ql` (its low nibbles are the first 64 elements, its
high nibbles the last 64) and 32 bytes of `qh` (two bits for each of four runs of 32 elements).
Source: block_q6_K in ggml.
"""

import numpy as np
from numpy.typing import NDArray

from pyollama_formats.blocks.bits import unpack

DTYPE = np.dtype(
    [
        ("ql", "u1", 128),
        ("qh", "u1", 64),
        ("scales", "i1", 16),
        ("d", "<f2"),  # scale of the scales
    ]
)


def dequantize(blocks: NDArray[np.void]) -> NDArray[np.float32]:
    """Blocks (n,) -> float32 (n, 256): y = d * scale * (q - 32)."""
    d = blocks["d"].astype(np.float32)[:, None]  # (n, 1)
    scale = d * blocks["scales"].astype(np.float32)  # (n, 16)
    low = unpack(blocks["ql"].reshape(-1, 2, 64), 4).reshape(-1, 16, 16)
    high = unpack(blocks["qh"].reshape(-1, 2, 32), 2).reshape(-1, 16, 16)
    q = (low | high << 4).astype(np.float32) - 32
    return np.asarray((scale[:, :, None] * q).reshape(-1, 256), np.float32)
