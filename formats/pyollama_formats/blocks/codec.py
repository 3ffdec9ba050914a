"""Rows of any block format to float32, and back for those that models are quantized to.

A row of n elements is stored as n / block_size blocks one after the other; the formats' modules
see a flat array of blocks, this one adds the shapes around it.
"""

from collections.abc import Mapping
from types import MappingProxyType, ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pyollama_formats.blocks import (
    bf16,
    f16,
    f32,
    q2_k,
    q3_k,
    q4_0,
    q4_1,
    q4_k,
    q5_0,
    q5_1,
    q5_k,
    q6_k,
    q8_0,
)
from pyollama_formats.blocks.types import GGMLType, row_bytes
from pyollama_formats.errors import FormatError

_MODULES: Mapping[GGMLType, ModuleType] = {
    GGMLType.F32: f32,
    GGMLType.F16: f16,
    GGMLType.BF16: bf16,
    GGMLType.Q4_0: q4_0,
    GGMLType.Q4_1: q4_1,
    GGMLType.Q5_0: q5_0,
    GGMLType.Q5_1: q5_1,
    GGMLType.Q8_0: q8_0,
    GGMLType.Q2_K: q2_k,
    GGMLType.Q3_K: q3_k,
    GGMLType.Q4_K: q4_k,
    GGMLType.Q5_K: q5_k,
    GGMLType.Q6_K: q6_k,
}

# The bytes of one block, as a structured dtype whose itemsize is the type's type_size.
DTYPES: Mapping[GGMLType, np.dtype[np.void]] = MappingProxyType(
    {type: module.DTYPE for type, module in _MODULES.items()}
)


def dequantize(data: NDArray[np.uint8], type: GGMLType) -> NDArray[np.float32]:
    """Expand rows of blocks: uint8 (..., row_bytes) -> float32 (..., row_elements).

    Non-finite scales give non-finite elements, silently, as in ggml. FormatError if the format
    has no layout here, or if a row is not a whole number of blocks.
    """
    module = _module(type)
    if data.ndim == 0 or data.shape[-1] % type.type_size:
        raise FormatError(f"rows of shape {data.shape} bytes are not whole {type.name} blocks")
    n_elements = data.shape[-1] // type.type_size * type.block_size
    if data.size == 0:  # the formats' reshape(-1, ...) cannot infer a length from nothing
        return np.empty((*data.shape[:-1], n_elements), np.float32)
    blocks = np.ascontiguousarray(data).reshape(-1).view(module.DTYPE)  # (n,)
    with np.errstate(all="ignore"):
        rows: NDArray[np.float32] = module.dequantize(blocks)
    return rows.reshape(*data.shape[:-1], n_elements)


def quantize(x: NDArray[Any], type: GGMLType) -> NDArray[np.uint8]:
    """Pack rows into blocks: float (..., n) -> uint8 (..., row_bytes).

    Elements must be finite. FormatError for formats that cannot be written here, or if n is not a
    whole number of blocks. The bits are those of ggml's reference quantizers, but for the K-quants:
    these search in the same way and err as little, yet round elsewhere on their way.
    """
    module = _module(type)
    if not hasattr(module, "quantize"):
        raise FormatError(f"quantizing to {type.name} is not supported")
    n_bytes = row_bytes(type, x.shape[-1])
    if x.size == 0:
        return np.empty((*x.shape[:-1], n_bytes), np.uint8)
    rows = np.ascontiguousarray(x, np.float32).reshape(-1, type.block_size)
    with np.errstate(all="ignore"):
        blocks: NDArray[np.void] = module.quantize(rows)
    return blocks.view(np.uint8).reshape(*x.shape[:-1], n_bytes)


def _module(type: GGMLType) -> ModuleType:
    if type not in _MODULES:
        raise FormatError(f"tensor type {type.name} is not supported")
    return _MODULES[type]
