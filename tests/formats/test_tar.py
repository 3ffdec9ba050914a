"""Tar archives: what the standard library reads and writes is what we write and read."""

import io
import tarfile
from collections.abc import Callable
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyollama_formats import tar
from pyollama_formats.errors import FormatError

NAMES = st.text("abcdefghij/", min_size=1, max_size=80).filter(lambda name: name[0] != "/")
FILES = st.dictionaries(NAMES.filter(lambda name: name[-1] != "/"), st.binary(max_size=2000))


def archive(files: dict[str, bytes]) -> bytes:
    parts = [tar.header(name, len(data)) + data + tar.padding(len(data)) for name, data in
             files.items()]  # fmt: skip
    return b"".join(parts) + tar.END


def found_in(data: bytes) -> dict[str, bytes]:
    return {member.name: b"".join(member.pieces()) for member in tar.members(io.BytesIO(data))}


@given(files=FILES)
def test_what_is_written_is_read_here_and_by_the_standard_library(files: dict[str, bytes]) -> None:
    data = archive(files)
    assert found_in(data) == files
    with tarfile.open(fileobj=io.BytesIO(data)) as known:
        for info, (name, content) in zip(known, files.items(), strict=True):
            file = known.extractfile(info)
            assert file is not None
            assert (info.name, file.read()) == (name, content)
            assert (info.mtime, info.uid, info.gid, info.uname) == (0, 0, 0, "")


@pytest.mark.parametrize("kind", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_what_other_programs_write_is_read(kind: int) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=kind, pax_headers={"comment": "x"}) as known:
        for name, content in (("./a", b"first"), ("b", b"")):
            info = tarfile.TarInfo(name)
            info.size, info.mtime = len(content), 1.5 if kind == tarfile.PAX_FORMAT else 1
            info.uname = "ä"
            known.addfile(info, io.BytesIO(content))
        folder = tarfile.TarInfo("c")
        folder.type = tarfile.DIRTYPE
        known.addfile(folder)
    assert found_in(buffer.getvalue()) == {"./a": b"first", "b": b"", "c": b""}


@pytest.mark.parametrize("size", [8 << 30, 40_000_000_000, (1 << 63) - 1])
@pytest.mark.parametrize("kind", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_sizes_beyond_eight_gibibytes(size: int, kind: Literal[1, 2]) -> None:
    info = tarfile.TarInfo("big")
    info.size = size
    ours, theirs = tar.header("big", size), info.tobuf(kind)
    assert len(ours) == 512
    for data in (ours, theirs):
        with pytest.raises(FormatError, match="ends in the middle of 'big'"):
            found_in(data)
        assert next(tar.members(io.BytesIO(data))).size == size


def test_members_that_are_not_read_are_passed_over() -> None:
    data = archive({"a": b"x" * 3_000_000, "b": b"y"})
    assert [member.name for member in tar.members(io.BytesIO(data))] == ["a", "b"]


def test_an_archive_may_end_without_its_mark() -> None:
    assert found_in(archive({"a": b"1"})[: -len(tar.END)]) == {"a": b"1"}
    assert found_in(b"") == {}


def of_type(kind: bytes) -> bytes:
    info = tarfile.TarInfo("odd\x1b[2J")
    info.type, info.linkname = kind, "/etc/passwd"
    return info.tobuf(tarfile.GNU_FORMAT)


@pytest.mark.parametrize(
    "kind",
    [tarfile.LNKTYPE, tarfile.SYMTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE,
     tarfile.CONTTYPE, tarfile.GNUTYPE_SPARSE, tarfile.GNUTYPE_LONGNAME, b"Z"],
)  # fmt: skip
def test_what_is_no_file_is_refused_and_its_name_made_harmless(kind: bytes) -> None:
    with pytest.raises(FormatError, match=r"'odd\\x1b\[2J' is neither a file nor a folder"):
        found_in(of_type(kind))


def pax(records: bytes, kind: bytes = tarfile.XHDTYPE) -> bytes:
    info = tarfile.TarInfo("pax")
    info.type, info.size = kind, len(records)
    return info.tobuf(tarfile.USTAR_FORMAT) + records + tar.padding(len(records))


def folder(size: int) -> bytes:
    info = tarfile.TarInfo("folder/")
    info.type, info.size = tarfile.DIRTYPE, size
    return info.tobuf()


def with_size(field: bytes) -> bytes:
    """A header with these bytes in the place of its size, and the sum that fits them."""
    data = bytearray(tar.header("a", 0))
    data[124:136] = field
    data[148:156] = b" " * 8
    data[148:156] = b"%06o\0 " % sum(data)
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"not a tar archive" * 100, "no tar archive"),
        (b"\x1f\x8b\x08" + bytes(600), "no tar archive"),
        (archive({"a": b"1"})[:300], "truncated header"),
        (archive({"a": b"1" * 9})[:515], "ends in the middle of 'a'"),
        (with_size(b"-0000000001\0"), "has -1 bytes"),
        (with_size(b"\xff" * 12), "has -1 bytes"),
        (with_size(b"zzzzzzzzzzz\0"), "no tar archive"),
        (folder(512), "the folder 'folder' has 512 bytes"),
        (pax(b"x" * 70_000), "'pax' has 70000 bytes, more than 65536"),
        (pax(b"") * 3 + archive({}), "one extension after the other"),
        (pax(b"30 size=99999999999999999999999\n"), "a size that is no number"),
        (pax(b"12 size=-1\n"), "a size that is no number"),
    ],
)
def test_damaged_and_hostile_archives_are_refused(data: bytes, words: str) -> None:
    with pytest.raises(FormatError, match=words):
        found_in(data + (b"" if len(data) % 512 else tar.header("a", 0)))


def test_an_extension_tells_the_path_and_the_size_of_one_member() -> None:
    data = pax(b"16 path=other\n9 size=3\n12 mtime=1\n") + tar.header("a", 0) + b"abc" + bytes(509)
    assert found_in(data + archive({"b": b""})) == {"other": b"abc", "b": b""}


class Endless(io.RawIOBase):
    """A stream that begins somehow and goes on with the same for ever; notes what is asked for."""

    def __init__(self, head: bytes, rest: Callable[[int], bytes]) -> None:
        self.head, self.rest = head, rest
        self.largest = 0

    def read(self, size: int = -1) -> bytes:
        self.largest = max(self.largest, size)
        found, self.head = self.head[:size], self.head[size:]
        return found or self.rest(size)


def test_a_member_without_end_is_read_piece_by_piece() -> None:
    stream = Endless(tar.header("a", 1 << 60), bytes)
    pieces = next(tar.members(stream)).pieces()  # type: ignore[arg-type]
    assert sum(len(next(pieces)) for _ in range(20)) == 20 << 20
    assert stream.largest == 1 << 20
