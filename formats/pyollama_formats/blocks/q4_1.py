"""Q4_1: 32 four-bit integers with a scale and a minimum; 5 bits per weight.

Element j is the low nibble of byte j, element j + 16 its high nibble. Source: block_q4_1 in ggml.
"""

import numpy as np
from numpy.typing import NDArray

from pyollama_formats.blocks.bits import unpack

DTYPE = np.dtype(
    [
        ("d", "<f2"),  # scale
        ("m", "<f2"),  # minimum
        ("qs", "u1", 16),
    ]
)


def dequantize(blocks: NDArray[np.void]) -> NDArray[np.float32]:
    """Blocks (n,) -> float32 (n, 32): y = d * q + m."""
    d = blocks["d"].astype(np.float32)[:, None]  # (n, 1)
    m = blocks["m"].astype(np.float32)[:, None]  # (n, 1)
    q = unpack(blocks["qs"], 4).reshape(-1, 32).astype(np.float32)
    return np.asarray(d * q + m, np.float32)
