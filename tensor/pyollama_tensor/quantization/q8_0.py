"""Quantizing to Q8_0: a block of 32 weights after the other, a lane is a weight.

`pyollama_formats.blocks.q8_0` tells the layout, and is the NumPy twin; the bytes are ggml's.
"""

import numpy as np

from pyollama_tensor.jit import kernel
from pyollama_tensor.kernels.quantize import largest
from pyollama_tensor.simd import (
    load_f32x16,
    narrow_i8x16,
    round_away,
    splat_f32x16,
    store_f16,
    store_i8x16,
    to_i32,
)
from pyollama_tensor.threads import parallel_for, task
from pyollama_tensor.types import F32, I64, U8

SIZE = 34  # bytes of a block
BLOCK = 32  # weights
GRAIN = 512  # blocks that are worth calling another thread for
MOST = np.float32(127.0)


@task
def _quantize_blocks(first: int, last: int, values: F32, out: U8) -> None:
    for block in range(first, last):
        d = largest(values, block * BLOCK, BLOCK) / MOST
        store_f16(out, block * SIZE, d)
        inverse = splat_f32x16(np.float32(1.0) / d if d > 0 else np.float32(0.0))
        for i in range(0, BLOCK, 16):
            whole = round_away(load_f32x16(values, block * BLOCK + i) * inverse)
            store_i8x16(out, block * SIZE + 2 + i, narrow_i8x16(to_i32(whole)))


@kernel
def quantize(pool: I64, values: F32, out: U8) -> None:
    """Quantize whole blocks of 32 weights: the largest magnitude becomes 127.

    values: float32, flat, n_block * 32, finite
    out:    uint8, flat, n_block * 34
    NumPy twin: blocks.q8_0.quantize.
    """
    parallel_for(pool, _quantize_blocks, out.size // SIZE, GRAIN, (values, out))
