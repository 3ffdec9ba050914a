"""Q3_K: 256 three-bit integers around zero in 16 groups of 16, each with a scale; 3.4375 bits.

The low two bits lie in `qs` as in Q2_K. The third bit of element j is bit j // 32 of byte j % 32
of `hmask`, and stored inverted: where it is 0, 4 is subtracted. The 16 six-bit scales (minus 32)
keep their low nibbles in the first 8 bytes of `scales`, their high two bits in the last 4.
Source: block_q3_K in ggml.
"""

import numpy as np
from numpy.typing import NDArray

from pyollama_formats.blocks.bits import unpack

DTYPE = np.dtype(
    [
        ("hmask", "u1", 32),
        ("qs", "u1", 64),
        ("scales", "u1", 12),
        ("d", "<f2"),  # scale of the scales
    ]
)


def dequantize(blocks: NDArray[np.void]) -> NDArray[np.float32]:
    """Blocks (n,) -> float32 (n, 256): y = d * scale * q, q from -4 to 3."""
    d = blocks["d"].astype(np.float32)[:, None]  # (n, 1)
    scale = d * group_scales(blocks["scales"])  # (n, 16)
    low = unpack(blocks["qs"].reshape(-1, 2, 32), 2).reshape(-1, 16, 16)
    third = unpack(blocks["hmask"], 1).reshape(-1, 16, 16)
    q = (low | third << 2).astype(np.float32) - 4
    return np.asarray((scale[:, :, None] * q).reshape(-1, 256), np.float32)


def group_scales(scales: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Packed scales uint8 (n, 12) -> float32 (n, 16), from -32 to 31."""
    low = unpack(scales[:, :8], 4).reshape(-1, 16)
    high = unpack(scales[:, 8:], 2).reshape(-1, 16)
    return np.asarray((low | high << 4).astype(np.float32) - 32, np.float32)
