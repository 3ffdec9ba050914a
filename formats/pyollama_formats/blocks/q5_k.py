"""Q5_K: 256 five-bit integers in 8 groups of 32, each with a scale and a minimum; 5.5 bits.

Scales and low nibbles lie as in Q4_K; bit g of byte l of `qh` is the fifth bit of element l of
group g. Source: block_q5_K in ggml.
"""

import numpy as np
from numpy.typing import NDArray

from pyollama_formats.blocks.bits import pack, unpack
from pyollama_formats.blocks.q4_k import rounded, scaled
from pyollama_formats.blocks.search import grids

DTYPE = np.dtype(
    [
        ("d", "<f2"),  # scale of the scales
        ("dmin", "<f2"),  # scale of the minimums
        ("scales", "u1", 12),
        ("qh", "u1", 32),
        ("qs", "u1", 128),
    ]
)
WIDTHS = grids(31, -0.5, range(16))  # steps per span that are tried


def dequantize(blocks: NDArray[np.void]) -> NDArray[np.float32]:
    """Blocks (n,) -> float32 (n, 256): y = d * scale * q - dmin * minimum."""
    low = unpack(blocks["qs"].reshape(-1, 4, 32), 4).reshape(-1, 8, 32)
    high = unpack(blocks["qh"], 1)  # (n, 8, 32)
    return scaled(blocks, low | high << np.uint8(4))


def quantize(x: NDArray[np.float32]) -> NDArray[np.void]:
    """Finite float32 (n, 256) -> blocks (n,), with scales found by search."""
    blocks = np.empty(len(x), DTYPE)
    q = rounded(x, 31, WIDTHS, blocks)
    blocks["qs"] = pack((q & np.uint8(15)).reshape(-1, 4, 2, 32), 4).reshape(-1, 128)
    blocks["qh"] = pack(q >> np.uint8(4), 1)
    return blocks
