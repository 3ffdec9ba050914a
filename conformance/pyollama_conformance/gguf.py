"""A GGUF file written with the standard library alone: what the suite uploads is made by the suite.

Only what a tiny model needs: version 3, little-endian, metadata of strings, numbers, booleans and
flat arrays, tensors of F32 and F16.

Source: the GGUF specification of ggml (docs/gguf.md).
"""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

ALIGNMENT = 32
F32, F16 = 0, 1  # ggml's tensor types
UINT32, INT32, FLOAT32, BOOL, STRING, ARRAY = 4, 5, 6, 7, 8, 9  # GGUF's value types

Value = bool | int | float | str | Sequence[int] | Sequence[str]


@dataclass(frozen=True)
class Tensor:
    """One tensor: its dimensions with the contiguous one first, its type, its bytes."""

    dims: tuple[int, ...]
    type: int
    data: bytes


def tensor(rows: Sequence[Sequence[float]], type: int = F16) -> Tensor:
    """A matrix of n_out rows of n_in numbers, or a vector if there is one row."""
    letter = "e" if type == F16 else "f"
    flat = [number for row in rows for number in row]
    dims = (len(rows[0]), len(rows)) if len(rows) > 1 else (len(rows[0]),)
    return Tensor(dims, type, struct.pack(f"<{len(flat)}{letter}", *flat))


def write(metadata: Mapping[str, Value], tensors: Mapping[str, Tensor]) -> bytes:
    """The whole file: header, metadata, tensor directory, then the aligned tensor data."""
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(metadata))
    head += b"".join(_string(key) + _value(value) for key, value in metadata.items())
    body = b""
    for name, each in tensors.items():
        head += _string(name) + struct.pack(f"<I{len(each.dims)}Q", len(each.dims), *each.dims)
        head += struct.pack("<IQ", each.type, len(body))
        body += _aligned(each.data)
    return _aligned(head) + body


def _aligned(data: bytes) -> bytes:
    return data + bytes(-len(data) % ALIGNMENT)


def _string(text: str) -> bytes:
    data = text.encode()
    return struct.pack("<Q", len(data)) + data


def _value(value: Value) -> bytes:
    if isinstance(value, str | bool | int | float):
        kind, data = _scalar(value)
        return struct.pack("<I", kind) + data
    kind = STRING if isinstance(value[0], str) else INT32
    items = [_string(v) if isinstance(v, str) else struct.pack("<i", v) for v in value]
    return struct.pack("<IIQ", ARRAY, kind, len(items)) + b"".join(items)


def _scalar(value: bool | int | float | str) -> tuple[int, bytes]:
    if isinstance(value, str):
        return STRING, _string(value)
    if isinstance(value, bool):
        return BOOL, struct.pack("<?", value)
    if isinstance(value, int):
        return UINT32, struct.pack("<I", value)
    return FLOAT32, struct.pack("<f", value)
