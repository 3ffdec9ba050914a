"""Q4_K: 256 four-bit integers in 8 groups of 32, each with a scale and a minimum; 4.5 bits.

Groups 2i and 2i + 1 are the low and the high nibbles of bytes 32i to 32i + 31 of `qs`.
Scales and minimums are six bits each, 16 of them packed into 12 bytes (`scales_and_minimums`).
Source: block_q4_K and get_scale_min_k4 in ggml.
"""

import numpy as np
from numpy.typing import NDArray

from pyollama_formats.blocks.bits import pack, unpack
from pyollama_formats.blocks.search import fit_affine, grids

DTYPE = np.dtype(
    [
        ("d", "<f2"),  # scale of the scales
        ("dmin", "<f2"),  # scale of the minimums
        ("scales", "u1", 12),
        ("qs", "u1", 128),
    ]
)
WIDTHS = grids(15, -1.0, range(21))  # steps per span that are tried


def dequantize(blocks: NDArray[np.void]) -> NDArray[np.float32]:
    """Blocks (n,) -> float32 (n, 256): y = d * scale * q - dmin * minimum."""
    q = unpack(blocks["qs"].reshape(-1, 4, 32), 4).reshape(-1, 8, 32)
    return scaled(blocks, q)


def scaled(blocks: NDArray[np.void], q: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Apply the scales of Q4_K or Q5_K blocks (n,) to their integers (n, 8, 32): (n, 256)."""
    d = blocks["d"].astype(np.float32)[:, None]  # (n, 1)
    dmin = blocks["dmin"].astype(np.float32)[:, None]  # (n, 1)
    scale, minimum = scales_and_minimums(blocks["scales"])  # (n, 8) each
    y = (d * scale)[:, :, None] * q.astype(np.float32) - (dmin * minimum)[:, :, None]
    return np.asarray(y.reshape(-1, 256), np.float32)


def scales_and_minimums(
    packed: NDArray[np.uint8],
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Packed uint8 (n, 12) -> scales and minimums, float32 (n, 8) each, from 0 to 63.

    Bytes 0-3 hold scales 0-3 and bytes 4-7 minimums 0-3 in their low six bits. Numbers 4-7 have
    their low nibbles in bytes 8-11 (scale low, minimum high), and their top two bits in what
    bytes 0-3 and 4-7 had to spare.
    """
    a, b, c = packed[:, 0:4], packed[:, 4:8], packed[:, 8:12]
    scales = np.concatenate([a & 63, (c & 15) | (a >> 6) << 4], axis=1)
    minimums = np.concatenate([b & 63, (c >> 4) | (b >> 6) << 4], axis=1)
    return scales.astype(np.float32), minimums.astype(np.float32)


def quantize(x: NDArray[np.float32]) -> NDArray[np.void]:
    """Finite float32 (n, 256) -> blocks (n,), with scales found by search."""
    blocks = np.empty(len(x), DTYPE)
    q = rounded(x, 15, WIDTHS, blocks)
    blocks["qs"] = pack(q.reshape(-1, 4, 2, 32), 4).reshape(-1, 128)
    return blocks


def rounded(
    x: NDArray[np.float32], most: int, widths: NDArray[np.float32], blocks: NDArray[np.void]
) -> NDArray[np.uint8]:
    """Write the scales of Q4_K or Q5_K blocks (n,); gives the integers of the weights.

    x: float32 (n, 256); gives uint8 (n, 8, 32) from 0 to `most`
    """
    groups = x.reshape(-1, 8, 32)
    scale, minimum = fit_affine(groups, most, widths)  # (n, 8) each
    blocks["d"], scale6 = six_bits(scale)
    blocks["dmin"], minimum6 = six_bits(minimum)
    blocks["scales"] = packed_scales(scale6, minimum6)
    d = blocks["d"].astype(np.float32)[:, None] * scale6
    dmin = blocks["dmin"].astype(np.float32)[:, None] * minimum6
    shifted = groups + dmin[:, :, None]
    q = np.divide(shifted, d[:, :, None], out=np.zeros_like(shifted), where=d[:, :, None] > 0)
    whole: NDArray[np.uint8] = np.rint(q).clip(0, most).astype(np.uint8)
    return whole


def six_bits(x: NDArray[np.float32]) -> tuple[NDArray[np.float16], NDArray[np.uint8]]:
    """Numbers of at least 0, (n, 8), as one half (n,) times integers (n, 8) from 0 to 63."""
    top = x.max(axis=1, keepdims=True)
    inverse = np.divide(63, top, out=np.zeros_like(top), where=top > 0)
    return (top[:, 0] / np.float32(63)).astype("<f2"), np.rint(x * inverse).astype(np.uint8)


def packed_scales(scale: NDArray[np.uint8], minimum: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """What `scales_and_minimums` reads: uint8 (n, 8) each, from 0 to 63 -> (n, 12)."""
    low = scale[:, :4] | scale[:, 4:] >> 4 << 6
    middle = minimum[:, :4] | minimum[:, 4:] >> 4 << 6
    return np.concatenate([low, middle, scale[:, 4:] & 15 | minimum[:, 4:] << 4], axis=1)
