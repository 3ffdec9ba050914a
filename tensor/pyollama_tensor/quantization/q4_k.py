"""Quantizing to Q4_K: two blocks of eight groups at once, which fill the sixteen lanes.

`pyollama_formats.blocks.q4_k` tells the layout, and is the NumPy twin.
"""

import numpy as np

from pyollama_formats.blocks import q4_k
from pyollama_tensor.jit import kernel
from pyollama_tensor.quantization.lanes import LANES, gather, round_all
from pyollama_tensor.quantization.scales import GROUPS, store_scales
from pyollama_tensor.quantization.search import fit_affine
from pyollama_tensor.simd import get, put
from pyollama_tensor.threads import parallel_for, task
from pyollama_tensor.types import F32, I64, U8

SIZE = 144  # bytes of a block
GROUP = 32  # weights of a group
GRAIN = 16  # pairs of blocks that are worth calling another thread for
WIDTHS = q4_k.WIDTHS


@task
def _quantize_pairs(first: int, last: int, values: F32, widths: F32, out: U8) -> None:
    x, room = np.empty((GROUP, LANES), np.float32), np.empty((2, GROUP, LANES), np.float32)
    scale, least = np.empty(LANES, np.float32), np.empty(LANES, np.float32)
    q = np.empty((GROUP, LANES), np.uint8)
    for pair in range(first, last):
        gather(values, pair * LANES, GROUP, x)
        fit_affine(x, 15.0, widths, room, scale, least)
        n_block = min(2, out.size // SIZE - 2 * pair)
        for block in range(n_block):
            store_scales(scale, least, block * GROUPS, out, (2 * pair + block) * SIZE)
        round_all(x, scale, least, 0.0, 15.0, q)
        for block in range(n_block):
            store_nibbles(q, block * GROUPS, out, (2 * pair + block) * SIZE + 16)


@kernel
def store_nibbles(q: U8, first: int, out: U8, place: int) -> None:
    """Pack the low four bits of eight groups: groups 2p and 2p + 1 share the p-th 32 bytes.

    q: uint8 (32, 16), one group per lane; out: uint8, flat, 128 bytes from `place` on overwritten
    """
    for p in range(GROUPS // 2):
        for i in range(GROUP):
            at = i * LANES + first + 2 * p
            put(out, place + p * GROUP + i, (get(q, at) & 15) | (get(q, at + 1) & 15) << 4)


@kernel
def quantize(pool: I64, values: F32, widths: F32, out: U8) -> None:
    """Quantize whole blocks of 256 weights.

    values: float32, flat, n_block * 256, finite
    out:    uint8, flat, n_block * 144
    NumPy twin: blocks.q4_k.quantize.
    """
    n_pair = (out.size // SIZE + 1) // 2
    parallel_for(pool, _quantize_pairs, n_pair, GRAIN, (values, widths, out))
