"""F16: an IEEE half (1 sign, 5 exponent, 10 fraction bits), little endian."""

import numpy as np
from numpy.typing import NDArray

DTYPE = np.dtype([("x", "<f2")])


def dequantize(blocks: NDArray[np.void]) -> NDArray[np.float32]:
    """Blocks (n,) -> float32 (n, 1), exact."""
    return np.array(blocks["x"], np.float32)[:, None]


def quantize(x: NDArray[np.float32]) -> NDArray[np.void]:
    """Float32 (n, 1) -> blocks (n,): to the nearest half, ties to even; from 65520 on, inf."""
    return np.ascontiguousarray(x.astype("<f2")).view(DTYPE)[:, 0]
