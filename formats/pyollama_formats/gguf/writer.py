"""Writing GGUF files, through the `gguf` package: one function."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pyollama_formats.blocks import GGMLType, quantize
from pyollama_formats.gguf.errors import GGUFError
from pyollama_formats.gguf.reader import DEFAULT_ALIGNMENT
from pyollama_formats.gguf.values import LazyArray, ValueType

# The type that a NumPy number or array is stored as.
_NUMPY_TYPES = {
    "uint8": ValueType.UINT8,
    "int8": ValueType.INT8,
    "uint16": ValueType.UINT16,
    "int16": ValueType.INT16,
    "uint32": ValueType.UINT32,
    "int32": ValueType.INT32,
    "float32": ValueType.FLOAT32,
    "bool": ValueType.BOOL,
    "uint64": ValueType.UINT64,
    "int64": ValueType.INT64,
    "float64": ValueType.FLOAT64,
}


def write_gguf(
    path: str | os.PathLike[str],
    metadata: Mapping[str, Any],
    tensors: Mapping[str, tuple[NDArray[Any], GGMLType]],
) -> None:
    """Write a GGUF file, version 3, keys and tensors in the given order.

    metadata: must hold `general.architecture`. Python integers are stored as u32 if they fit,
        else i32, u64 or i64; floats as f32; lists by the narrowest of these that fits all (signed
        first for lists); NumPy numbers and arrays by their dtype; arrays of an open file as they
        are. Strings may be str or bytes.
    tensors: name -> (array, type). A uint8 array holds rows already stored in the type,
        (..., row_bytes); a floating-point one is converted by `blocks.quantize`.

    GGUFError for what cannot be stored. The `gguf` package is imported here and not above,
    because that takes longer than most commands run.
    """
    import gguf

    if not isinstance(metadata.get("general.architecture"), str):
        raise GGUFError("architecture not set")
    writer = gguf.GGUFWriter(Path(path), metadata["general.architecture"])
    writer.data_alignment = int(metadata.get("general.alignment", DEFAULT_ALIGNMENT))
    writer.kv_data[0].clear()  # the architecture that the writer added: it comes again below
    for key, value in metadata.items():
        type, element, plain = _typed(key, value)
        sub_type = None if element is None else gguf.GGUFValueType(element)
        writer.add_key_value(key, plain, gguf.GGUFValueType(type), sub_type)
    for name, (array, tensor_type) in tensors.items():
        stored = gguf.GGMLQuantizationType(tensor_type)
        writer.add_tensor(name, _rows(array, tensor_type), raw_dtype=stored)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _typed(key: str, value: Any) -> tuple[ValueType, ValueType | None, Any]:
    """The stored type of a value, of its elements if it is an array, and it as Python values."""
    if isinstance(value, np.generic):
        return _NUMPY_TYPES[value.dtype.name], None, value.item()
    if isinstance(value, LazyArray):
        strings = value.type is ValueType.STRING
        return ValueType.ARRAY, value.type, value.raw() if strings else value.tolist()
    if isinstance(value, np.ndarray):
        return ValueType.ARRAY, _NUMPY_TYPES[value.dtype.name], value.tolist()
    if isinstance(value, list | tuple):
        return ValueType.ARRAY, _element_type(key, list(value)), list(value)
    return _scalar_type(key, value), None, value


def _scalar_type(key: str, value: Any) -> ValueType:
    if isinstance(value, str | bytes):
        return ValueType.STRING
    if isinstance(value, bool):
        return ValueType.BOOL
    if isinstance(value, float):
        return ValueType.FLOAT32
    if isinstance(value, int):
        return _integer_type(key, value, value, signed_first=False)
    raise GGUFError(f"improper type for '{key}'")


def _element_type(key: str, values: list[Any]) -> ValueType:
    """One type for all elements of a list, which must agree."""
    if values and all(type(value) is int for value in values):
        return _integer_type(key, min(values), max(values), signed_first=True)
    types = {_scalar_type(key, value) for value in values}
    if len(types) != 1:
        raise GGUFError(f"improper type for '{key}'")
    return types.pop()


def _integer_type(key: str, low: int, high: int, *, signed_first: bool) -> ValueType:
    """The narrowest of the 32-bit types, then of the 64-bit ones, that holds low to high."""
    unsigned, signed = ValueType.UINT32, ValueType.INT32
    unsigned64, signed64 = ValueType.UINT64, ValueType.INT64
    order = [signed, unsigned] if signed_first else [unsigned, signed]
    for type in [*order, unsigned64, signed64]:
        limits = np.iinfo(type.name.lower())
        if limits.min <= low and high <= limits.max:
            return type
    raise GGUFError(f"improper type for '{key}'")


def _rows(array: NDArray[Any], type: GGMLType) -> NDArray[np.uint8]:
    """A tensor's stored bytes, uint8 (..., row_bytes), from stored bytes or from numbers."""
    if array.dtype == np.uint8:
        return np.ascontiguousarray(array)
    return quantize(array, type)
