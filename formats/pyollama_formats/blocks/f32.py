"""F32: a plain IEEE single, little endian; a block is one element."""

import numpy as np
from numpy.typing import NDArray

DTYPE = np.dtype([("x", "<f4")])


def dequantize(blocks: NDArray[np.void]) -> NDArray[np.float32]:
    """Blocks (n,) -> float32 (n, 1)."""
    return np.array(blocks["x"], np.float32)[:, None]


def quantize(x: NDArray[np.float32]) -> NDArray[np.void]:
    """Float32 (n, 1) -> blocks (n,), as they are."""
    return np.ascontiguousarray(x).view(DTYPE)[:, 0]
