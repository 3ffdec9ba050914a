"""Q8_0: 32 signed bytes under one scale; 8.5 bits per weight.

Source: block_q8_0 and quantize_row_q8_0_ref in ggml.
"""

import numpy as np
from numpy.typing import NDArray

DTYPE = np.dtype(
    [
        ("d", "<f2"),  # scale
        ("qs", "i1", 32),
    ]
)


def dequantize(blocks: NDArray[np.void]) -> NDArray[np.float32]:
    """Blocks (n,) -> float32 (n, 32): y = d * q."""
    d = blocks["d"].astype(np.float32)[:, None]  # (n, 1)
    return np.asarray(d * blocks["qs"].astype(np.float32), np.float32)


def quantize(x: NDArray[np.float32]) -> NDArray[np.void]:
    """Finite float32 (n, 32) -> blocks (n,): the largest magnitude becomes 127."""
    blocks = np.empty(len(x), DTYPE)
    d = np.abs(x).max(axis=1, keepdims=True) / np.float32(127)  # (n, 1)
    inverse = np.divide(1, d, out=np.zeros_like(d), where=d != 0)
    blocks["d"] = d[:, 0]
    blocks["qs"] = round_half_away(x * inverse)
    return blocks


def round_half_away(x: NDArray[np.float32]) -> NDArray[np.float32]:
    """C's roundf: to the nearest integer, halves away from zero (NumPy rounds them to even)."""
    magnitude = np.abs(x)
    whole = np.floor(magnitude)
    rounded = whole + (magnitude - whole >= 0.5)
    return np.asarray(np.copysign(rounded, x), np.float32)
