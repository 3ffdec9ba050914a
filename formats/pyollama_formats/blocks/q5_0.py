"""Q5_0: 32 five-bit integers around zero under one scale; 5.5 bits per weight.

The low four bits lie as in Q4_0; bit j of `qh` (little endian) is the fifth bit of element j.
Source: block_q5_0 in ggml.
"""

import numpy as np
from numpy.typing import NDArray

from pyollama_formats.blocks.bits import unpack

DTYPE = np.dtype(
    [
        ("d", "<f2"),  # scale
        ("qh", "u1", 4),
        ("qs", "u1", 16),
    ]
)


def dequantize(blocks: NDArray[np.void]) -> NDArray[np.float32]:
    """Blocks (n,) -> float32 (n, 32): y = d * (q - 16)."""
    d = blocks["d"].astype(np.float32)[:, None]  # (n, 1)
    return np.asarray(d * (five_bits(blocks) - 16), np.float32)


def five_bits(blocks: NDArray[np.void]) -> NDArray[np.float32]:
    """The integers 0 to 31 of each block, float32 (n, 32)."""
    low = unpack(blocks["qs"], 4).reshape(-1, 32)
    high = np.unpackbits(blocks["qh"], axis=1, bitorder="little")  # (n, 32)
    return (low | high << 4).astype(np.float32)
