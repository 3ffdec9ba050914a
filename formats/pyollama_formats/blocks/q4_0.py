"""Q4_0: 32 four-bit integers around zero under one scale; 4.5 bits per weight.

Element j is the low nibble of byte j, element j + 16 its high nibble.
Source: block_q4_0 and quantize_row_q4_0_ref in ggml.
"""

import numpy as np
from numpy.typing import NDArray

from pyollama_formats.blocks.bits import unpack
from pyollama_formats.blocks.search import extreme

DTYPE = np.dtype(
    [
        ("d", "<f2"),  # scale
        ("qs", "u1", 16),
    ]
)


def dequantize(blocks: NDArray[np.void]) -> NDArray[np.float32]:
    """Blocks (n,) -> float32 (n, 32): y = d * (q - 8)."""
    d = blocks["d"].astype(np.float32)[:, None]  # (n, 1)
    q = unpack(blocks["qs"], 4).reshape(-1, 32).astype(np.float32)
    return np.asarray(d * (q - 8), np.float32)


def quantize(x: NDArray[np.float32]) -> NDArray[np.void]:
    """Finite float32 (n, 32) -> blocks (n,).

    The element of the largest magnitude becomes -8, the one value without a positive partner,
    so d takes the opposite of its sign.
    """
    blocks = np.empty(len(x), DTYPE)
    d = extreme(x) / np.float32(-8)  # (n, 1)
    inverse = np.divide(1, d, out=np.zeros_like(d), where=d != 0)
    q = (x * inverse + np.float32(8.5)).astype(np.uint8).clip(0, 15)
    blocks["d"] = d[:, 0]
    blocks["qs"] = q[:, :16] | (q[:, 16:] << 4)
    return blocks
