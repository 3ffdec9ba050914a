"""Blobs: files named after the SHA-256 of their bytes, in ``<root>/blobs/sha256-<hex>``.

Bytes are hashed while they are written under a temporary name ``sha256-<digits>`` (which is not a
digest, so that Ollama's start-up pruning sweeps away what a crash leaves), then flushed to the
disk and renamed. A blob is therefore visible under its name only when it is whole.
"""

import asyncio
import contextlib
import hashlib
import os
import re
import secrets
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from types import TracebackType

from pyollama.errors import BadRequest
from pyollama.store.errors import StoreError, refusals

__all__ = ["RACES", "BlobWriter", "Blobs", "fsync_folder", "is_digest"]

DIGEST = re.compile(r"sha256[:-][0-9a-fA-F]{64}", re.ASCII)
RACES = 50  # how often a folder may vanish while something is put into it
BATCH = 1 << 20  # bytes of an upload that are hashed and written in one go


def is_digest(text: str) -> bool:
    """Whether the text names a blob: ``sha256:`` or ``sha256-`` and 64 hexadecimal digits."""
    return DIGEST.fullmatch(text) is not None


class Blobs:
    """The folder of blobs of one store."""

    def __init__(self, root: Path) -> None:
        self.folder = root / "blobs"

    def path(self, digest: str) -> Path:
        """Where a blob lies or would lie; BadRequest unless the digest is well formed."""
        if not is_digest(digest):
            raise BadRequest("invalid digest format")
        return self.folder / digest.replace(":", "-")

    def has(self, digest: str) -> bool:
        """Whether the blob is stored, as a regular file that does not lead out of the folder."""
        path = self.path(digest)
        if not path.is_file():
            return False
        return not path.is_symlink() or path.resolve().parent == self.folder.resolve()

    def open_path(self, digest: str) -> Path:
        """The path of a stored blob; StoreError with the words of a failed open."""
        path = self.path(digest)
        if not self.has(digest):
            raise StoreError(f"open {path}: no such file or directory")
        return path

    def read(self, digest: str, limit: int) -> bytes:
        """The bytes of a small blob; StoreError if it is missing or longer than limit."""
        path = self.open_path(digest)
        with path.open("rb") as file:
            data = file.read(limit + 1)
        if len(data) > limit:
            raise StoreError(f"blob {digest} is larger than {limit} bytes")
        return data

    def add(self, chunks: Iterable[bytes]) -> tuple[str, int, bool]:
        """Store bytes; gives the digest, the size, and whether the blob was new."""
        with BlobWriter(self.folder) as writer:
            for chunk in chunks:
                writer.write(chunk)
            digest, is_new = writer.finish()
        return digest, writer.size, is_new

    async def upload(self, expected: str, chunks: AsyncIterator[bytes]) -> None:
        """Store an upload; BadRequest if the digest differs from the expected one.

        The bytes stay stored under their true digest even then. Hashing and writing run in worker
        threads, so that a large upload does not hold up the event loop.
        """
        self.path(expected)
        with BlobWriter(self.folder) as writer:
            async for batch in batches(chunks):
                await asyncio.to_thread(writer.write, batch)
            digest, _ = await asyncio.to_thread(writer.finish)
        if digest != expected:
            raise BadRequest(f'digest mismatch, expected "{expected}", got "{digest}"')

    def touch(self, digest: str) -> None:
        """Set the blob's times to now, which protects it from pruning."""
        with contextlib.suppress(OSError):
            os.utime(self.path(digest))

    def delete(self, digest: str) -> None:
        """Remove a blob; one that is missing already is fine."""
        path = self.path(digest)
        with refusals("remove", path):
            path.unlink(missing_ok=True)


async def batches(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The same bytes in pieces of at least BATCH, but for the last."""
    held: list[bytes] = []
    size = 0
    async for chunk in chunks:
        held.append(chunk)
        size += len(chunk)
        if size >= BATCH:
            yield b"".join(held)
            held, size = [], 0
    yield b"".join(held)


class BlobWriter:
    """A blob being written; leaving the context without finish() removes the temporary file."""

    def __init__(self, folder: Path) -> None:
        make_folder(folder)
        self.folder = folder
        self.size = 0
        self.hash = hashlib.sha256()
        self.temporary = folder / f"sha256-{secrets.randbelow(10**10)}"
        with refusals("open", self.temporary):
            self.file = self.temporary.open("xb")

    def write(self, data: bytes) -> None:
        """Append bytes; StoreError when the disk refuses them."""
        self.hash.update(data)
        self.size += len(data)
        with refusals("write", self.temporary):
            self.file.write(data)

    def finish(self) -> tuple[str, bool]:
        """Flush to the disk and take the final name; gives the digest and whether it was new.

        StoreError when the disk refuses the last bytes, which Python's buffer held until now.
        """
        digest = f"sha256:{self.hash.hexdigest()}"
        blobs = Blobs(self.folder.parent)
        with refusals("write", self.temporary):
            self.file.flush()
            os.fsync(self.file.fileno())
            self.file.close()
            if blobs.has(digest):
                blobs.touch(digest)
                return digest, False
            self.temporary.chmod(0o644)
            self.temporary.replace(blobs.path(digest))
        fsync_folder(self.folder)
        return digest, True

    def __enter__(self) -> "BlobWriter":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # Closing writes what is still in the buffer. If there was no room for that, the first
        # attempt has said so; the file is closed and goes away all the same.
        with contextlib.suppress(OSError):
            self.file.close()
        self.temporary.unlink(missing_ok=True)


def make_folder(folder: Path) -> None:
    """Create a folder of the store; StoreError with Ollama's words where that fails."""
    for attempt in range(RACES):
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except (FileNotFoundError, FileExistsError) as error:  # maybe a deletion just got between
            if attempt == RACES - 1:
                raise _untraversable(error) from error
        except OSError as error:
            raise _untraversable(error) from error
        else:
            return


def _untraversable(error: OSError) -> StoreError:
    reason = f"mkdir {error.filename}: {(error.strerror or '').lower()}"
    return StoreError(f"{reason}: ensure path elements are traversable")


def fsync_folder(folder: Path) -> None:
    """Make a rename in the folder last through a power failure, where the system can."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
