"""Quantizing to Q6_K: a block of sixteen groups at once, one in each lane.

`pyollama_formats.blocks.q6_k` tells the layout, and is the NumPy twin.
"""

import numpy as np

from pyollama_formats.blocks import q6_k
from pyollama_tensor.jit import kernel
from pyollama_tensor.quantization.lanes import LANES, gather, round_all
from pyollama_tensor.quantization.search import TINY, fit_symmetric
from pyollama_tensor.simd import get, load_f16, put, store_f16
from pyollama_tensor.threads import parallel_for, task
from pyollama_tensor.types import F32, I64, U8

SIZE = 210  # bytes of a block
GROUP = 16  # weights of a group
HIGH, SCALES, D = 128, 192, 208  # where the upper bits, the scales and d begin in it
GRAIN = 32  # blocks that are worth calling another thread for
WIDTHS = q6_k.WIDTHS


@task
def _quantize_blocks(first: int, last: int, values: F32, widths: F32, out: U8) -> None:
    x, q = np.empty((GROUP, LANES), np.float32), np.empty((GROUP, LANES), np.uint8)
    scale, shift = np.empty(LANES, np.float32), np.zeros(LANES, np.float32)
    for block in range(first, last):
        gather(values, block * LANES, GROUP, x)
        fit_symmetric(x, 32.0, widths, scale)
        store_scales(scale, out, block * SIZE)
        round_all(x, scale, shift, -32.0, 31.0, q)
        store_six_bits(q, out, block * SIZE)


@kernel
def store_scales(scale: F32, out: U8, place: int) -> None:
    """Write a block's d and scales, and replace the numbers by what they became.

    scale: float32 (16,); out: uint8, flat, of which the block begins at `place`
    """
    top = np.float32(0.0)
    for j in range(LANES):
        if abs(scale[j]) > abs(top):
            top = scale[j]
    inverse = np.float32(-128.0) / top if abs(top) > TINY else np.float32(0.0)
    store_f16(out, place + D, np.float32(1.0) / inverse if inverse != 0 else np.float32(0.0))
    d = load_f16(out, place + D)
    for j in range(LANES):
        whole = min(max(np.rint(inverse * scale[j]), np.float32(-128.0)), np.float32(127.0))
        put(out, place + SCALES + j, int(whole) & 255)
        scale[j] = d * np.float32(whole)


@kernel
def store_six_bits(q: U8, out: U8, place: int) -> None:
    """Pack a block's integers: nibbles in 128 bytes, then the upper two bits in 64.

    q: uint8 (16, 16), one group per lane; out: uint8, flat, of which the block begins at `place`
    A half of the block is four runs of 32 weights, two groups each; the bits of four weights meet.
    """
    for half in range(2):
        for i in range(2 * GROUP):
            at = i % GROUP * LANES + 8 * half + i // GROUP
            a, b, c, d = get(q, at), get(q, at + 2), get(q, at + 4), get(q, at + 6)
            low = place + 64 * half + i
            put(out, low, (a & 15) | (c & 15) << 4)
            put(out, low + 32, (b & 15) | (d & 15) << 4)
            high = a >> 4 | (b >> 4) << 2 | (c >> 4) << 4 | (d >> 4) << 6
            put(out, place + HIGH + 32 * half + i, high)


@kernel
def quantize(pool: I64, values: F32, widths: F32, out: U8) -> None:
    """Quantize whole blocks of 256 weights.

    values: float32, flat, n_block * 256, finite
    out:    uint8, flat, n_block * 210
    NumPy twin: blocks.q6_k.quantize.
    """
    n_block = out.size // SIZE
    parallel_for(pool, _quantize_blocks, n_block, GRAIN, (values, widths, out))
