"""BF16: the upper 16 bits of an IEEE single (1 sign, 8 exponent, 7 fraction bits)."""

import numpy as np
from numpy.typing import NDArray

DTYPE = np.dtype([("x", "<u2")])


def dequantize(blocks: NDArray[np.void]) -> NDArray[np.float32]:
    """Blocks (n,) -> float32 (n, 1): the missing lower half is zero."""
    return (blocks["x"].astype(np.uint32) << 16).view(np.float32)[:, None]
