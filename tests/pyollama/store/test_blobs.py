"""Blobs: names, hashing while writing, hostile digests and links, uploads that break off."""

import asyncio
import hashlib
import resource
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyollama.errors import BadRequest
from pyollama.store import Store
from pyollama.store.blob_writer import BlobWriter
from pyollama.store.blobs import Blobs, is_digest
from pyollama.store.errors import StoreError
from pyollama.store.names import parse_name

HELLO = "sha256:" + hashlib.sha256(b"hello").hexdigest()


def send(store: Store, digest: str, *chunks: bytes) -> None:
    async def body() -> AsyncIterator[bytes]:
        for chunk in chunks:
            yield chunk

    asyncio.run(store.write_blob(digest, body()))


def test_an_uploaded_blob_lies_under_its_digest(store: Store) -> None:
    send(store, HELLO, b"hel", b"", b"lo")
    path = store.root / "blobs" / HELLO.replace(":", "-")
    assert path.read_bytes() == b"hello"
    assert path.stat().st_mode & 0o777 == 0o644
    assert store.has_blob(HELLO)
    assert store.has_blob(HELLO.replace(":", "-"))
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_an_empty_blob_is_a_blob(store: Store) -> None:
    digest = "sha256:" + hashlib.sha256().hexdigest()
    send(store, digest)
    assert store.blob_path(digest).read_bytes() == b""


def test_a_large_upload_goes_through_in_batches(store: Store) -> None:
    data = bytes(range(256)) * 20_000  # five megabytes
    digest = "sha256:" + hashlib.sha256(data).hexdigest()
    send(store, digest, *(data[at : at + 65536] for at in range(0, len(data), 65536)))
    assert store.blob_path(digest).read_bytes() == data


@pytest.mark.parametrize("expected", ["sha256:" + "0" * 64, HELLO.replace(":", "-")])
def test_a_mismatch_is_refused_and_the_bytes_stay_under_their_true_digest(
    store: Store, expected: str
) -> None:
    with pytest.raises(BadRequest) as caught:
        send(store, expected, b"hello")
    assert str(caught.value) == f'digest mismatch, expected "{expected}", got "{HELLO}"'
    assert store.has_blob(HELLO)
    assert not store.has_blob("sha256:" + "0" * 64)


@pytest.mark.parametrize(
    "digest",
    [
        "",
        "sha256:",
        "sha256:abc",
        "md5:" + "0" * 64,
        "SHA256:" + "0" * 64,
        "sha256:" + "g" * 64,
        "sha256:" + "0" * 65,
        "sha256:" + "0" * 64 + "\n",
        "sha256:../../" + "0" * 58,
        "/" + HELLO,
    ],
)
def test_a_malformed_digest_never_becomes_a_path(store: Store, digest: str) -> None:
    for refused in (store.has_blob, store.blob_path):
        with pytest.raises(BadRequest, match=r"^invalid digest format$"):
            refused(digest)
    with pytest.raises(BadRequest, match=r"^invalid digest format$"):
        send(store, digest, b"hello")


@given(st.text(max_size=80) | st.from_regex(r"sha256[:-][0-9a-fA-F./]{64}"))
def test_every_accepted_digest_is_a_plain_file_name(text: str) -> None:
    if is_digest(text):
        path = Blobs(Path("root")).path(text)
        assert path.parent == Path("root/blobs")
        assert len(path.name) == 71


def test_an_upload_that_breaks_off_leaves_nothing(store: Store) -> None:
    async def body() -> AsyncIterator[bytes]:
        yield b"hel"
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        asyncio.run(store.write_blob(HELLO, body()))
    assert list((store.root / "blobs").iterdir()) == []


@contextmanager
def full_disk() -> Iterator[None]:
    """No file may grow beyond five thousand bytes: nor may the log of the tests, so be brief."""
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5000, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)


@pytest.mark.parametrize("chunk", [100, 1 << 20])  # fails when it is flushed, when it is written
def test_a_full_disk_is_a_store_error_and_leaves_nothing(store: Store, chunk: int) -> None:
    with full_disk(), pytest.raises(StoreError, match=r"^write .*: file too large$"):
        store.add_blob([b"x" * chunk] * (1 + 6000 // chunk))
    with full_disk(), pytest.raises(StoreError, match=r"^write .*: file too large$"):
        send(store, HELLO, *[b"x" * chunk] * (1 + 6000 // chunk))
    assert list((store.root / "blobs").iterdir()) == []


def test_a_full_disk_keeps_the_manifest_that_was_there(store: Store) -> None:
    name = parse_name("mine")
    store.manifests.write(name, b"{}")
    with full_disk(), pytest.raises(StoreError, match=r"^write .*: file too large$"):
        store.manifests.write(name, b"x" * 6000)
    path = store.manifests.path(name)
    assert path.read_bytes() == b"{}"
    assert [each.name for each in store.manifests.folder.iterdir() if each.is_file()] == []


def test_a_blob_is_not_visible_before_it_is_whole(store: Store) -> None:
    with BlobWriter(store.blobs) as writer:
        writer.write(b"hello")
        assert not store.has_blob(HELLO)
        (temporary,) = (store.root / "blobs").iterdir()
        assert not is_digest(temporary.name)
        writer.finish()
    assert store.has_blob(HELLO)


def test_storing_the_same_bytes_again_keeps_the_first_file(store: Store) -> None:
    assert store.add_blob([b"hello"]) == (HELLO, 5, True)
    before = store.blob_path(HELLO).stat().st_ino
    assert store.add_blob([b"hel", b"lo"]) == (HELLO, 5, False)
    assert store.blob_path(HELLO).stat().st_ino == before


def test_a_link_that_leads_out_of_the_store_is_no_blob(store: Store, tmp_path: Path) -> None:
    outside = tmp_path / "secret"
    outside.write_bytes(b"secret")
    (store.root / "blobs").mkdir(parents=True)
    store.blob_path(HELLO).symlink_to(outside)
    assert not store.has_blob(HELLO)
    with pytest.raises(StoreError, match="no such file"):
        store.blobs.read(HELLO, 100)
    send(store, HELLO, b"hello")  # takes the place of the link, and does not write through it
    assert outside.read_bytes() == b"secret"
    assert store.blobs.read(HELLO, 100) == b"hello"


def test_a_folder_named_like_a_blob_is_no_blob(store: Store) -> None:
    store.blob_path(HELLO).mkdir(parents=True)
    assert not store.has_blob(HELLO)


def test_reading_is_bounded(store: Store) -> None:
    store.add_blob([b"hello"])
    with pytest.raises(StoreError, match="larger than 4 bytes"):
        store.blobs.read(HELLO, 4)


def test_a_root_that_cannot_be_made_has_ollamas_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StoreError, match="ensure path elements are traversable"):
        Store(tmp_path / "file" / "models").add_blob([b"x"])
