"""Opening a GGUF file: header, metadata, tensor directory; the weights stay mapped in the file.

    magic "GGUF" | u32 version | u64 tensors | u64 keys
    keys:    string key | u32 type | value
    tensors: string name | u32 n_dims | u64 dims[] | u32 type | u64 offset
    padding to general.alignment, then the tensors' data

Versions 2 and 3, little endian. Source: docs/gguf.md of the ggml project.
"""

import mmap
import os
import stat
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from pyollama_formats.gguf import pages
from pyollama_formats.gguf.cursor import MAX_NAME, Cursor
from pyollama_formats.gguf.errors import GGUFError
from pyollama_formats.gguf.tensors import TensorInfo, check_places, read_tensor_info
from pyollama_formats.gguf.values import LazyArray, ValueType, read_value

MAGIC = b"GGUF"
VERSIONS = (2, 3)
DEFAULT_ALIGNMENT = 32
# Ample for every real file (some 50 keys, 20 MB of vocabulary, 3,000 tensors), and a bound on what
# a hostile one, all header, can make this reader allocate.
MAX_METADATA = 64 << 20  # bytes of all keys and values
MAX_ALIGNMENT = 1 << 20  # bytes
MAX_KEYS = 1 << 16
MAX_TENSORS = 1 << 17
MIN_KEY_BYTES = 8 + 4 + 1
MIN_TENSOR_BYTES = 8 + 4 + 4 + 8


class GGUFFile:
    """An open GGUF file.

    path       where it was opened
    version    of the format, 2 or 3
    alignment  of the tensors' data, bytes
    size       of the file, bytes
    metadata   key -> int, float, bool, str or LazyArray
    types      key -> ValueType: a float may have been stored in 32 or in 64 bits
    tensors    name -> TensorInfo, in the file's order
    """

    def __init__(self, path: Path, data: mmap.mmap) -> None:
        self.path = path
        self.size = len(data)
        self._data = data
        cursor = Cursor(data)
        self.version = _read_version(cursor)
        n_tensors, n_keys = cursor.u64(), cursor.u64()
        self.metadata, self.types, self._places = _read_metadata(cursor, n_keys)
        self.alignment = _alignment(self.metadata)
        self.tensors = _read_tensors(cursor, n_tensors, self.alignment)
        pages.drop(data, 0, cursor.position)

    def begins_with(self, head: bytes) -> bool:
        """Whether these are the file's first bytes."""
        return self._mapped()[: len(head)] == head

    def stored_value(self, key: str) -> bytes:
        """A key's type number and value as the file has them; KeyError for a key that it lacks."""
        return self._mapped()[self._places[key]]

    def data(self, name: str) -> NDArray[np.uint8]:
        """A tensor's bytes, read-only, mapped: uint8 (*outer axes, row_bytes).

        KeyError for a name that the file lacks. The view keeps the file mapped if it outlives it.
        """
        mapped, tensor = self._mapped(), self.tensors[name]
        flat = np.frombuffer(mapped, np.uint8, tensor.nbytes, tensor.offset)
        return flat.reshape(tensor.row_shape)

    def _mapped(self) -> mmap.mmap:
        """The bytes of the file; GGUFError once it is closed."""
        if self._data.closed:
            raise GGUFError("the GGUF file is closed")
        return self._data

    def drop(self, name: str) -> None:
        """Advise the system that a tensor's mapped pages are no longer needed."""
        if not self._data.closed:
            tensor = self.tensors[name]
            pages.drop(self._data, tensor.offset, tensor.nbytes)

    def drop_all(self) -> None:
        """The same for the whole file: the system maps more than is read, on either side of it."""
        if not self._data.closed:
            pages.drop(self._data, 0, len(self._data))

    def close(self) -> None:
        """Unmap the file, or leave that to the last view if views of tensors still exist."""
        _close(self._data)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def open_gguf(path: str | os.PathLike[str]) -> GGUFFile:
    """Open and check a GGUF file; GGUFError if it is not one, OSError if it cannot be opened."""
    path = Path(path)
    data = _map(path)
    try:
        return GGUFFile(path, data)
    except GGUFError:
        _close(data)
        raise


def _close(data: mmap.mmap) -> None:
    with suppress(BufferError):  # while an array views the mapping, Python will not undo it
        data.close()


def _map(path: Path) -> mmap.mmap:
    """Map a regular, non-empty file read-only (the mapping outlives the descriptor)."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise GGUFError("not a regular file")
    with path.open("rb") as file:
        if os.fstat(file.fileno()).st_size == 0:  # which mmap refuses with a ValueError
            raise GGUFError("unexpected EOF")
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def _read_version(cursor: Cursor) -> int:
    start = cursor.skip(4)
    magic = cursor.data[start : start + 4]
    if magic == MAGIC[::-1]:
        raise GGUFError("big-endian GGUF files are not supported")
    if magic != MAGIC:
        raise GGUFError("invalid file magic")
    version = cursor.u32()
    if version and version & 0xFFFF == 0:  # a small number, read backwards
        raise GGUFError("big-endian GGUF files are not supported")
    if version not in VERSIONS:
        raise GGUFError(f"unsupported GGUF version {version}")
    return version


def _read_metadata(
    cursor: Cursor, count: int
) -> tuple[
    Mapping[str, int | float | bool | str | LazyArray],
    Mapping[str, ValueType],
    Mapping[str, slice],
]:
    """Values, their types, and where in the file both lie, by key; of equal keys the last."""
    cursor.need(MIN_KEY_BYTES * count)
    if count > MAX_KEYS:
        raise GGUFError(f"GGUF key count {count} exceeds maximum {MAX_KEYS}")
    values: dict[str, int | float | bool | str | LazyArray] = {}
    types: dict[str, ValueType] = {}
    places: dict[str, slice] = {}
    for _ in range(count):
        key = cursor.string(MAX_NAME)
        start = cursor.position
        types[key], values[key] = read_value(cursor)
        if cursor.position > MAX_METADATA:
            raise GGUFError(f"GGUF metadata exceeds maximum {MAX_METADATA} bytes")
        places[key] = slice(start, cursor.position)
    return MappingProxyType(values), MappingProxyType(types), MappingProxyType(places)


def _alignment(metadata: Mapping[str, object]) -> int:
    """`general.alignment`: a power of two, by default 32, at most MAX_ALIGNMENT."""
    alignment = metadata.get("general.alignment", DEFAULT_ALIGNMENT)
    if not isinstance(alignment, int) or isinstance(alignment, bool):
        raise GGUFError("general.alignment is not an integer")
    if not 0 < alignment <= MAX_ALIGNMENT or alignment & (alignment - 1):
        raise GGUFError(f"invalid GGUF alignment: {alignment}")
    return alignment


def _read_tensors(cursor: Cursor, count: int, alignment: int) -> Mapping[str, TensorInfo]:
    """The directory, offsets made absolute: the data begins at the next aligned place."""
    cursor.need(MIN_TENSOR_BYTES * count)
    if count > MAX_TENSORS:
        raise GGUFError(f"GGUF tensor count {count} exceeds maximum {MAX_TENSORS}")
    relative: dict[str, TensorInfo] = {}
    for _ in range(count):
        tensor = read_tensor_info(cursor)
        if tensor.name in relative:
            raise GGUFError(f'duplicate tensor name "{tensor.name}"')
        relative[tensor.name] = tensor
    start = -(-cursor.position // alignment) * alignment
    tensors = {name: replace(t, offset=start + t.offset) for name, t in relative.items()}
    check_places(tensors.values(), alignment, cursor.size)
    return MappingProxyType(tensors)
