"""Q5_1: 32 five-bit integers with a scale and a minimum; 6 bits per weight.

The integers lie as in Q5_0. Source: block_q5_1 in ggml.
"""

import numpy as np
from numpy.typing import NDArray

from pyollama_formats.blocks.q5_0 import five_bits, store_five_bits

DTYPE = np.dtype(
    [
        ("d", "<f2"),  # scale
        ("m", "<f2"),  # minimum
        ("qh", "u1", 4),
        ("qs", "u1", 16),
    ]
)


def dequantize(blocks: NDArray[np.void]) -> NDArray[np.float32]:
    """Blocks (n,) -> float32 (n, 32): y = d * q + m."""
    d = blocks["d"].astype(np.float32)[:, None]  # (n, 1)
    m = blocks["m"].astype(np.float32)[:, None]  # (n, 1)
    return np.asarray(d * five_bits(blocks) + m, np.float32)


def quantize(x: NDArray[np.float32]) -> NDArray[np.void]:
    """Finite float32 (n, 32) -> blocks (n,): the extremes become 0 and 31."""
    blocks = np.empty(len(x), DTYPE)
    low = x.min(axis=1, keepdims=True)  # (n, 1)
    d = (x.max(axis=1, keepdims=True) - low) / np.float32(31)
    inverse = np.divide(1, d, out=np.zeros_like(d), where=d != 0)
    blocks["d"], blocks["m"] = d[:, 0], low[:, 0]
    store_five_bits(blocks, ((x - low) * inverse + np.float32(0.5)).astype(np.uint8).clip(0, 31))
    return blocks
