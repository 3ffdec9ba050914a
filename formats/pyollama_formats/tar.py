"""Tar archives, as much of them as a folder of regular files needs.

A member is a header of 512 bytes, its own bytes, and zeros up to a multiple of 512; two blocks of
zeros end the archive. The standard library reads and writes the headers; around them, its own
reader keeps whatever an archive puts into the headers of extensions, however long. Here nothing is
kept: members come one after the other, and a member's bytes piece by piece.

What is written says nothing of times or owners, so that the same files give the same bytes.

Sources: POSIX.1-2001, pax Interchange Format; GNU tar manual, "Basic Tar Format".
"""

import re
import tarfile
from collections.abc import Iterator
from typing import BinaryIO

from pyollama_formats.errors import FormatError

__all__ = ["END", "Member", "header", "members", "padding"]

BLOCK = 512  # bytes
END = bytes(2 * BLOCK)
PIECE = 1 << 20  # bytes that are read in one go
MAX_EXTENSION = 64 << 10  # bytes of a header that goes on, real ones have some hundred
MAX_EXTENSIONS = 2  # before one member: one for all that follows, and one for itself
MAX_SHOWN = 100  # characters of a name in an error
REGULAR = (tarfile.REGTYPE, tarfile.AREGTYPE)
EXTENSIONS = (tarfile.XHDTYPE, tarfile.XGLTYPE)
RECORD = re.compile(rb"\d{1,6} (size|path)=([^\n]*)\n")


def header(name: str, size: int) -> bytes:
    """The header of a regular file; a size of 8 GiB or more is written as GNU tar writes it."""
    info = tarfile.TarInfo(name)
    info.size = size
    return info.tobuf(tarfile.GNU_FORMAT, "utf-8", "strict")


def padding(size: int) -> bytes:
    """What follows the bytes of a member, up to the next header."""
    return bytes(-size % BLOCK)


class Member:
    """A file or folder in an archive, while the reader stands at it; size is in bytes."""

    def __init__(self, file: BinaryIO, name: str, size: int, *, is_folder: bool) -> None:
        self.file = file
        self.name = name
        self.size = size
        self.is_folder = is_folder
        self.left = size

    @property
    def shown(self) -> str:
        """The name as it can be printed."""
        return repr(self.name[:MAX_SHOWN])

    def pieces(self) -> Iterator[bytes]:
        """The bytes that have not been read yet; FormatError if the archive ends before."""
        while self.left:
            piece = self.file.read(min(self.left, PIECE))
            if not piece:
                raise FormatError(f"the archive ends in the middle of {self.shown}")
            self.left -= len(piece)
            yield piece

    def read(self, limit: int) -> bytes:
        """All of a short file; FormatError for one that is longer than limit."""
        if self.size > limit:
            raise FormatError(f"{self.shown} has {self.size} bytes, more than {limit}")
        return b"".join(self.pieces())


def members(file: BinaryIO) -> Iterator[Member]:
    """The members of an archive in a stream, each to be read before the next is asked for.

    FormatError for what is no archive, or has links, devices or other oddities in it.
    """
    while (member := _next_member(file)) is not None:
        yield member
        for _ in member.pieces():
            continue
        _skip(file, len(padding(member.size)))


def _next_member(file: BinaryIO) -> Member | None:
    """The member that begins here, or None at the end."""
    extended: dict[str, str] = {}
    for _ in range(MAX_EXTENSIONS + 1):
        info = _header(file)
        if info is None or info.type not in EXTENSIONS:
            return _member(file, info, extended) if info else None
        found = Member(file, info.name, info.size, is_folder=False).read(MAX_EXTENSION)
        _skip(file, len(padding(info.size)))
        if info.type == tarfile.XHDTYPE:
            extended = _records(found)
    raise FormatError("the archive has one extension after the other")


def _header(file: BinaryIO) -> tarfile.TarInfo | None:
    """The next header, None at the end."""
    block = file.read(BLOCK)
    try:
        info = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    except (tarfile.EmptyHeaderError, tarfile.EOFHeaderError):  # type: ignore[attr-defined]
        return None
    except tarfile.HeaderError as error:
        raise FormatError(f"this is no tar archive, or a damaged one: {error}") from None
    if info.size < 0:
        raise FormatError(f"a member of the archive has {info.size} bytes")
    return info


def _member(file: BinaryIO, info: tarfile.TarInfo, extended: dict[str, str]) -> Member:
    """A member from its header, and what a header before it says of it."""
    name = extended.get("path", info.name)
    size = int(extended.get("size", info.size))
    member = Member(file, name, size, is_folder=info.type == tarfile.DIRTYPE)
    if not member.is_folder and info.type not in REGULAR:
        raise FormatError(f"{member.shown} is neither a file nor a folder")
    if member.is_folder and size:
        raise FormatError(f"the folder {member.shown} has {size} bytes")
    return member


def _records(data: bytes) -> dict[str, str]:
    """The size and the path that an extension tells, if it does.

    A record begins with its length, which is not needed where values hold no line's end.
    """
    found: dict[str, str] = {}
    for line in data.splitlines(keepends=True):
        record = RECORD.fullmatch(line)
        if record is not None:
            found[record[1].decode()] = record[2].decode("utf-8", "surrogateescape")
    if not re.fullmatch("[0-9]{1,19}", found.get("size", "0"), re.ASCII):
        raise FormatError("the archive has a size that is no number")
    return found


def _skip(file: BinaryIO, size: int) -> None:
    """Read over the zeros after a member; none may be left where the archive ends."""
    file.read(size)
