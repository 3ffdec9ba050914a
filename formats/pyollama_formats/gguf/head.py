"""The head of a GGUF file, made of values that are bytes already: for files written as a stream.

`write_gguf` wants all tensors at once. Who rewrites a file larger than the memory writes this head
first, then one tensor after the other, each followed by `padding`.
"""

import struct
from collections.abc import Iterable, Mapping, Sequence

from pyollama_formats.blocks import GGMLType, row_bytes
from pyollama_formats.gguf.values import SCALARS, ValueType

__all__ = ["gguf_head", "padding", "stored_scalar"]

VERSION = 3

Entry = tuple[str, tuple[int, ...], GGMLType]


def gguf_head(values: Mapping[str, bytes], tensors: Iterable[Entry], alignment: int) -> bytes:
    """Everything before the first tensor's bytes.

    values:  key -> type number and value, as `GGUFFile.stored_value` or `stored_scalar` give them
    tensors: (name, dimensions with the contiguous one first, type), in the order of their bytes
    """
    entries = list(tensors)
    parts = [b"GGUF", struct.pack("<IQQ", VERSION, len(entries), len(values))]
    for key, value in values.items():
        parts += [_text(key), value]
    offset = 0
    for name, dims, type in entries:
        parts += [_text(name), struct.pack(f"<I{len(dims)}QIQ", len(dims), *dims, type, offset)]
        offset += -(-stored_bytes(dims, type) // alignment) * alignment
    head = b"".join(parts)
    return head + padding(len(head), alignment)


def stored_bytes(dims: Sequence[int], type: GGMLType) -> int:
    """Bytes of a tensor; FormatError if its rows are not whole blocks."""
    row, *outer = dims or (1,)
    total = row_bytes(type, row)
    for n in outer:
        total *= n
    return total


def padding(n: int, alignment: int) -> bytes:
    """The zeros after n bytes, up to the next multiple of the alignment."""
    return bytes(-n % alignment)


def stored_scalar(type: ValueType, value: float | str) -> bytes:
    """A number or a text as a key's value: its type number and its bytes."""
    data = _text(value) if isinstance(value, str) else SCALARS[type].pack(value)
    return struct.pack("<I", type) + data


def _text(text: str) -> bytes:
    data = text.encode()
    return struct.pack("<Q", len(data)) + data
