"""Q5_0: 32 five-bit integers around zero under one scale; 5.5 bits per weight.

The low four bits lie as in Q4_0; bit j of `qh` (little endian) is the fifth bit of element j.
Source: block_q5_0 in ggml.
"""

import numpy as np
from numpy.typing import NDArray

from pyollama_formats.blocks.bits import pack, unpack
from pyollama_formats.blocks.search import extreme

DTYPE = np.dtype(
    [
        ("d", "<f2"),  # scale
        ("qh", "u1", 4),
        ("qs", "u1", 16),
    ]
)


def dequantize(blocks: NDArray[np.void]) -> NDArray[np.float32]:
    """Blocks (n,) -> float32 (n, 32): y = d * (q - 16)."""
    d = blocks["d"].astype(np.float32)[:, None]  # (n, 1)
    return np.asarray(d * (five_bits(blocks) - 16), np.float32)


def five_bits(blocks: NDArray[np.void]) -> NDArray[np.float32]:
    """The integers 0 to 31 of each block, float32 (n, 32)."""
    low = unpack(blocks["qs"], 4).reshape(-1, 32)
    high = np.unpackbits(blocks["qh"], axis=1, bitorder="little")  # (n, 32)
    return (low | high << 4).astype(np.float32)


def quantize(x: NDArray[np.float32]) -> NDArray[np.void]:
    """Finite float32 (n, 32) -> blocks (n,): the element of the largest magnitude becomes -16."""
    blocks = np.empty(len(x), DTYPE)
    d = extreme(x) / np.float32(-16)  # (n, 1)
    inverse = np.divide(1, d, out=np.zeros_like(d), where=d != 0)
    blocks["d"] = d[:, 0]
    store_five_bits(blocks, (x * inverse + np.float32(16.5)).astype(np.uint8).clip(0, 31))
    return blocks


def store_five_bits(blocks: NDArray[np.void], q: NDArray[np.uint8]) -> None:
    """Write integers 0 to 31, uint8 (n, 32), into blocks (n,)."""
    blocks["qs"] = pack((q & np.uint8(15)).reshape(-1, 2, 16), 4)
    blocks["qh"] = np.packbits(q >> np.uint8(4), axis=1, bitorder="little")
