"""BF16: the upper 16 bits of an IEEE single (1 sign, 8 exponent, 7 fraction bits)."""

import numpy as np
from numpy.typing import NDArray

DTYPE = np.dtype([("x", "<u2")])


def dequantize(blocks: NDArray[np.void]) -> NDArray[np.float32]:
    """Blocks (n,) -> float32 (n, 1): the missing lower half is zero."""
    return (blocks["x"].astype(np.uint32) << 16).view(np.float32)[:, None]


def quantize(x: NDArray[np.float32]) -> NDArray[np.void]:
    """Float32 (n, 1) -> blocks (n,): to the nearest upper half, ties to even; a NaN stays one."""
    bits = np.ascontiguousarray(x).view(np.uint32)
    rounded = (bits + 0x7FFF + (bits >> 16 & 1)) >> 16
    quiet = bits >> 16 | 0x40
    return np.where(np.isnan(x), quiet, rounded).astype("<u2").view(DTYPE)[:, 0]
