"""Metadata values: the thirteen types of a GGUF key's value, and arrays that stay in the file."""

import mmap
import struct
from collections.abc import Iterator
from enum import IntEnum
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pyollama_formats.gguf.cursor import MAX_STRING, Cursor
from pyollama_formats.gguf.errors import GGUFError
from pyollama_formats.gguf.pages import drop
from pyollama_formats.gguf.strings import skip_strings, string_positions

MAX_ARRAY = 64 * 1024 * 1024  # elements, Ollama's limit


class ValueType(IntEnum):
    """The number that stands before a value."""

    UINT8 = 0
    INT8 = 1
    UINT16 = 2
    INT16 = 3
    UINT32 = 4
    INT32 = 5
    FLOAT32 = 6
    BOOL = 7
    STRING = 8
    ARRAY = 9
    UINT64 = 10
    INT64 = 11
    FLOAT64 = 12


# Values of a fixed size, in the letters of the struct module.
SCALARS = {
    ValueType.UINT8: struct.Struct("<B"),
    ValueType.INT8: struct.Struct("<b"),
    ValueType.UINT16: struct.Struct("<H"),
    ValueType.INT16: struct.Struct("<h"),
    ValueType.UINT32: struct.Struct("<I"),
    ValueType.INT32: struct.Struct("<i"),
    ValueType.FLOAT32: struct.Struct("<f"),
    ValueType.BOOL: struct.Struct("<?"),
    ValueType.UINT64: struct.Struct("<Q"),
    ValueType.INT64: struct.Struct("<q"),
    ValueType.FLOAT64: struct.Struct("<d"),
}


class LazyArray:
    """An array of the metadata, left in the file until it is asked for.

    `type` is the type of the elements. The bounds were checked when the file was opened; after
    the file is closed every access raises GGUFError.
    """

    def __init__(self, data: mmap.mmap, type: ValueType, start: int, count: int) -> None:
        self.type = type
        self._data = data
        self._start = start
        self._count = count
        self._positions: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return self._count

    def __repr__(self) -> str:
        return f"<LazyArray of {self._count} {self.type.name}>"

    def __iter__(self) -> Iterator[Any]:
        return iter(self.tolist())

    def __getitem__(self, index: int) -> int | float | bool | str:
        """One element; the first access to a string array notes where its strings lie."""
        if not -self._count <= index < self._count:
            raise IndexError(f"index {index} of an array of {self._count}")
        index %= self._count
        if self.type is not ValueType.STRING:
            layout = SCALARS[self.type]
            place = self._start + index * layout.size
            return Cursor(self._open(), place).value(layout)
        if self._positions is None:
            self._positions = string_positions(self._open(), self._start, self._count)
        return Cursor(self._open(), int(self._positions[index])).string()

    def tolist(self) -> list[Any]:
        """All elements as Python values; in strings, what is not UTF-8 becomes U+FFFD."""
        if self.type is ValueType.STRING:
            return [text.decode("utf-8", "replace") for text in self.raw()]
        return [*self.numpy().tolist()]

    def numpy(self) -> NDArray[Any]:
        """A copy of a numeric or boolean array, (len,) of its own dtype; GGUFError for strings."""
        if self.type is ValueType.STRING:
            raise GGUFError("an array of strings is not numeric")
        dtype = np.dtype(SCALARS[self.type].format)
        stored = np.uint8 if self.type is ValueType.BOOL else dtype  # a bool may be any byte
        found = np.frombuffer(self._open(), stored, self._count, self._start).astype(dtype)
        drop(self._data, self._start, found.nbytes)
        return found

    def raw(self) -> list[bytes]:
        """The strings as they are in the file; GGUFError for other elements."""
        if self.type is not ValueType.STRING:
            raise GGUFError(f"an array of {self.type.name} has no strings")
        data = self._open()
        bounds = string_positions(data, self._start, self._count)
        text = data[self._start : bounds[-1]]  # slices of bytes are faster than those of a mapping
        drop(data, self._start, len(text))
        return [text[a + 8 : b] for a, b in pairwise((bounds - self._start).tolist())]

    def _open(self) -> mmap.mmap:
        if self._data.closed:
            raise GGUFError("the GGUF file is closed")
        return self._data


def read_value(cursor: Cursor) -> tuple[ValueType, int | float | bool | str | LazyArray]:
    """A type number and its value; scalars decoded, arrays checked and left in the file."""
    number = cursor.u32()
    try:
        type = ValueType(number)
    except ValueError:
        raise GGUFError(f"invalid type: {number}") from None
    if type is ValueType.STRING:
        return type, cursor.string(MAX_STRING)
    if type is ValueType.ARRAY:
        return type, _read_array(cursor)
    return type, cursor.value(SCALARS[type])


def _read_array(cursor: Cursor) -> LazyArray:
    number, count = cursor.u32(), cursor.u64()
    if number not in {*SCALARS, ValueType.STRING}:  # arrays of arrays too: no reader knows them
        raise GGUFError(f"invalid array type: {number}")
    if count > MAX_ARRAY:
        raise GGUFError(f"GGUF array size {count} exceeds maximum {MAX_ARRAY}")
    type, start = ValueType(number), cursor.position
    if type is ValueType.STRING:
        cursor.need(8 * count)
        cursor.position = skip_strings(cursor.data, start, count)
    else:
        cursor.skip(SCALARS[type].size * count)
    return LazyArray(cursor.data, type, start, count)
