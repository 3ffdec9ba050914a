"""Between float32 and the two halves: rounding to F16 or BF16, and widening without loss.

`pyollama_formats.blocks.f16` and `bf16` are the NumPy twins.
"""

import numpy as np

from pyollama_tensor.jit import kernel
from pyollama_tensor.simd import load_f16
from pyollama_tensor.simd.lanes import store_kept
from pyollama_tensor.threads import parallel_for, task
from pyollama_tensor.types import F32, I64, U16, U32

GRAIN = 1 << 14  # numbers that are worth calling another thread for
INFINITY = 0x7F800000  # float32's bits from here on: the exponent of infinity


@task
def _round_f16(first: int, last: int, values: F32, out: U16) -> None:
    for i in range(first, last):
        store_kept(out, i, values[i])


@kernel
def round_f16(pool: I64, values: F32, out: U16) -> None:
    """Round to the nearest half, ties to even. values: float32 (n,); out: uint16 (n,), its bits."""
    parallel_for(pool, _round_f16, values.size, GRAIN, (values, out))


@task
def _round_bf16(first: int, last: int, bits: U32, out: U16) -> None:
    for i in range(first, last):
        whole = np.int64(bits[i])
        is_nan = (whole & 0x7FFFFFFF) > INFINITY
        rounded = (whole + 0x7FFF + (whole >> 16 & 1)) >> 16
        out[i] = (whole >> 16 | 0x40) if is_nan else rounded


@kernel
def round_bf16(pool: I64, bits: U32, out: U16) -> None:
    """Round to the nearest upper half, ties to even; a NaN stays one.

    bits: uint32 (n,), of float32; out: uint16 (n,), the bits of bfloat16
    """
    parallel_for(pool, _round_bf16, bits.size, GRAIN, (bits, out))


@task
def _widen_f16(first: int, last: int, halves: U16, out: F32) -> None:
    for i in range(first, last):
        out[i] = load_f16(halves, i)


@kernel
def widen_f16(pool: I64, halves: U16, out: F32) -> None:
    """The float32 of each half. halves: uint16 (n,), the bits; out: float32 (n,)"""
    parallel_for(pool, _widen_f16, halves.size, GRAIN, (halves, out))


@task
def _widen_bf16(first: int, last: int, halves: U16, bits: U32) -> None:
    for i in range(first, last):
        bits[i] = np.uint32(halves[i]) << np.uint32(16)


@kernel
def widen_bf16(pool: I64, halves: U16, bits: U32) -> None:
    """The bits of the float32 of each bfloat16. halves: uint16 (n,); bits: uint32 (n,)"""
    parallel_for(pool, _widen_bf16, halves.size, GRAIN, (halves, bits))
