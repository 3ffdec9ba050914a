"""Quantizing to Q4_0: sixteen blocks of 32 weights at once, one in each lane.

`pyollama_formats.blocks.q4_0` tells the layout, and is the NumPy twin; the bytes are ggml's.
"""

import numpy as np

from pyollama_tensor.jit import kernel
from pyollama_tensor.quantization.extremes import BLOCK, GRAIN, round_signed, store_nibbles
from pyollama_tensor.quantization.lanes import LANES, gather
from pyollama_tensor.simd import store_f16
from pyollama_tensor.threads import parallel_for, task
from pyollama_tensor.types import F32, I64, U8

SIZE = 18  # bytes of a block


@task
def _quantize_sixteens(first: int, last: int, values: F32, out: U8) -> None:
    x, q = np.empty((BLOCK, LANES), np.float32), np.empty((BLOCK, LANES), np.uint8)
    scale = np.empty(LANES, np.float32)
    for sixteen in range(first, last):
        gather(values, sixteen * LANES, BLOCK, x)
        round_signed(x, 8.0, q, scale)
        for lane in range(min(LANES, out.size // SIZE - sixteen * LANES)):
            place = (sixteen * LANES + lane) * SIZE
            store_f16(out, place, scale[lane])
            store_nibbles(q, lane, out, place + 2)


@kernel
def quantize(pool: I64, values: F32, out: U8) -> None:
    """Quantize whole blocks of 32 weights: the weight of the largest magnitude becomes -8.

    values: float32, flat, n_block * 32, finite
    out:    uint8, flat, n_block * 18
    NumPy twin: blocks.q4_0.quantize.
    """
    n_sixteen = -(-(out.size // SIZE) // LANES)
    parallel_for(pool, _quantize_sixteens, n_sixteen, GRAIN, (values, out))
