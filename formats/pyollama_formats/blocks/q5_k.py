"""Q5_K: 256 five-bit integers in 8 groups of 32, each with a scale and a minimum; 5.5 bits.

Scales and low nibbles lie as in Q4_K; bit g of byte l of `qh` is the fifth bit of element l of
group g. Source: block_q5_K in ggml.
"""

import numpy as np
from numpy.typing import NDArray

from pyollama_formats.blocks.bits import unpack
from pyollama_formats.blocks.q4_k import scaled

DTYPE = np.dtype(
    [
        ("d", "<f2"),  # scale of the scales
        ("dmin", "<f2"),  # scale of the minimums
        ("scales", "u1", 12),
        ("qh", "u1", 32),
        ("qs", "u1", 128),
    ]
)


def dequantize(blocks: NDArray[np.void]) -> NDArray[np.float32]:
    """Blocks (n,) -> float32 (n, 256): y = d * scale * q - dmin * minimum."""
    low = unpack(blocks["qs"].reshape(-1, 4, 32), 4).reshape(-1, 8, 32)
    high = unpack(blocks["qh"], 1)  # (n, 8, 32)
    return scaled(blocks, low | high << np.uint8(4))
