"""Quantizing rows of weights: float32 to the bytes of a block format, and floats to float32.

One module per format holds its kernel; the NumPy twins are in `pyollama_formats.blocks`, and serve
where PYOLLAMA_BACKEND=numpy wants no compiled code. F16, BF16, Q8_0, Q5_0, Q5_1 and Q4_0 come out
with ggml's bytes, and the K-quants too, but for integers that a scale of zero makes meaningless.
"""

from functools import partial
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pyollama_formats import blocks
from pyollama_formats.blocks import GGMLType, row_bytes
from pyollama_tensor.backend import NAME
from pyollama_tensor.jit import on_warmup
from pyollama_tensor.types import F32, U8

__all__ = ["BLOCK_TYPES", "FLOAT_TYPES", "quantize_rows", "widen_rows"]

FLOAT_TYPES = (GGMLType.F32, GGMLType.F16, GGMLType.BF16)
BLOCK_TYPES = (
    GGMLType.Q8_0, GGMLType.Q4_K, GGMLType.Q5_K, GGMLType.Q6_K,
    GGMLType.Q4_0, GGMLType.Q5_0, GGMLType.Q5_1,
)  # fmt: skip


def quantize_rows(values: F32, type: GGMLType) -> U8:
    """Store rows in a format: float32 (n, k) -> uint8 (n, row_bytes).

    Blocks that hold an infinity or a NaN come out without meaning, the others are not touched by
    them. FormatError if k is not a whole number of blocks, or if the format cannot be written.
    """
    values = np.ascontiguousarray(values, np.float32)
    if NAME == "numpy" or type not in (*FLOAT_TYPES, *BLOCK_TYPES):
        return blocks.quantize(values, type)
    if type is GGMLType.F32:
        return values.view(np.uint8)
    out = np.empty((len(values), row_bytes(type, values.shape[1])), np.uint8)
    flat = values.reshape(-1).view()
    flat.flags.writeable = False  # mapped or not, kernels see one type of array
    if type in FLOAT_TYPES:
        _round_floats(flat, type, out.reshape(-1).view(np.uint16))
    else:
        _quantize(flat, type, out.reshape(-1))
    return out


def _round_floats(values: F32, type: GGMLType, out: NDArray[np.uint16]) -> None:
    from pyollama_tensor.quantization import floats
    from pyollama_tensor.threads import pool

    if type is GGMLType.F16:
        floats.round_f16(pool(), values, out)
    else:
        floats.round_bf16(pool(), values.view(np.uint32), out)


def _quantize(values: F32, type: GGMLType, out: U8) -> None:
    from pyollama_tensor.threads import pool

    kernels: Any = import_module(f"pyollama_tensor.quantization.{type.name.lower()}")
    if hasattr(kernels, "WIDTHS"):
        kernels.quantize(pool(), values, kernels.WIDTHS, out)
    else:
        kernels.quantize(pool(), values, out)


def widen_rows(data: U8, type: GGMLType) -> F32:
    """Floats as a file has them to float32: uint8 (n, row_bytes) -> (n, k), exact.

    type: F32, F16 or BF16. FormatError if rows are not whole numbers.
    """
    if NAME == "numpy" or type is GGMLType.F32 or data.shape[1] % type.type_size:
        return blocks.dequantize(data, type)
    from pyollama_tensor.quantization import floats
    from pyollama_tensor.threads import pool

    halves = np.require(data, requirements=["C"]).reshape(-1).view(np.uint16)
    halves = np.require(halves, requirements=["A"])  # a file's alignment may be a single byte
    halves.flags.writeable = False
    out = np.empty((len(data), data.shape[1] // 2), np.float32)
    if type is GGMLType.F16:
        floats.widen_f16(pool(), halves, out.reshape(-1))
    else:
        floats.widen_bf16(pool(), halves, out.reshape(-1).view(np.uint32))
    return out


def _warm_up(type: GGMLType) -> None:
    stored = quantize_rows(np.zeros((1, 256), np.float32), type)
    if type in FLOAT_TYPES:
        widen_rows(stored, type)


for _type in (*FLOAT_TYPES, *BLOCK_TYPES):
    on_warmup(f"quantize {_type.name}", partial(_warm_up, _type))
