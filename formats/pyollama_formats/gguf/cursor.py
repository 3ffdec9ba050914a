"""A place in a mapped file that moves forward as numbers and strings are read, never past the end.

Every length in the file is a claim by a stranger: it is compared with the bytes that are left
before anything of that size is made.
"""

import mmap
import struct

from pyollama_formats.gguf.errors import GGUFError

MAX_STRING = 16 * 1024 * 1024  # bytes, Ollama's limit
MAX_NAME = 64 * 1024  # bytes of a key or of a tensor's name

_U32 = struct.Struct("<I")
_U64 = struct.Struct("<Q")


class Cursor:
    """Reads little-endian values one after the other; GGUFError "unexpected EOF" at the end."""

    def __init__(self, data: mmap.mmap, position: int = 0) -> None:
        self.data = data
        self.position = position
        self.size = len(data)

    def need(self, n: int) -> None:
        """Check that n more bytes (any Python integer) lie in the file."""
        if n > self.size - self.position:
            raise GGUFError("unexpected EOF")

    def skip(self, n: int) -> int:
        """Move over n bytes and give the position where they begin."""
        self.need(n)
        start = self.position
        self.position += n
        return start

    def value(self, layout: struct.Struct) -> int | float | bool:
        """The single value of the given layout."""
        start = self.skip(layout.size)
        value: int | float | bool = layout.unpack_from(self.data, start)[0]
        return value

    def u32(self) -> int:
        """An unsigned number of four bytes."""
        return int(self.value(_U32))

    def u64(self) -> int:
        """An unsigned number of eight bytes."""
        return int(self.value(_U64))

    def string(self, limit: int = MAX_STRING) -> str:
        """A u64 length and that many bytes of UTF-8; what is not UTF-8 becomes U+FFFD."""
        length = self.u64()
        check_length(length, limit)
        start = self.skip(length)
        return self.data[start : start + length].decode("utf-8", errors="replace")


def check_length(length: int, limit: int = MAX_STRING) -> None:
    """Refuse a string longer than the limit, in Ollama's words."""
    if length > limit:
        raise GGUFError(f"GGUF string length {length} exceeds maximum {limit}")
