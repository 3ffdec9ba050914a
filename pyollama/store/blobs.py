"""Blobs: files named after the SHA-256 of their bytes, in ``<root>/blobs/sha256-<hex>``.

A blob is visible under its name only when it is whole, see the module blob_writer. A link that
leads out of the folder is no blob.
"""

import asyncio
import contextlib
import os
import re
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

from pyollama.errors import BadRequest
from pyollama.store.blob_writer import BlobWriter
from pyollama.store.errors import StoreError, refusals
from pyollama.store.folders import is_inside
from pyollama.store.lock import StoreLock
from pyollama.store.unclaimed import Unclaimed

__all__ = ["Blobs", "is_digest"]

DIGEST = re.compile(r"sha256[:-][0-9a-fA-F]{64}", re.ASCII)
BATCH = 1 << 20  # bytes of an upload that are hashed and written in one go


def is_digest(text: str) -> bool:
    """Whether the text names a blob: ``sha256:`` or ``sha256-`` and 64 hexadecimal digits."""
    return DIGEST.fullmatch(text) is not None


class Blobs:
    """The folder of blobs of one store."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = root / "blobs"
        self.unclaimed = Unclaimed(root)
        self.lock = StoreLock(root)

    def path(self, digest: str) -> Path:
        """Where a blob lies or would lie; BadRequest unless the digest is well formed."""
        if not is_digest(digest):
            raise BadRequest("invalid digest format")
        return self.folder / digest.replace(":", "-")

    def has(self, digest: str) -> bool:
        """Whether the blob is stored, as a regular file that does not lead out of the folder."""
        path = self.path(digest)
        return path.is_file() and (not path.is_symlink() or is_inside(path, self.folder))

    def open_path(self, digest: str) -> Path:
        """The path of a stored blob; StoreError with the words of a failed open."""
        path = self.path(digest)
        if not self.has(digest):
            raise StoreError(f"open {path}: no such file or directory")
        return path

    def read(self, digest: str, limit: int) -> bytes:
        """The bytes of a small blob; StoreError if it is missing or longer than limit."""
        path = self.open_path(digest)
        with refusals("open", path), path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            data = file.read(min(size, limit) + 1)  # Python makes room for all that is asked for
        if len(data) > limit:
            raise StoreError(f"blob {digest} is larger than {limit} bytes")
        return data

    def add(self, chunks: Iterable[bytes]) -> tuple[str, int, bool]:
        """Store bytes; gives the digest, the size, and whether the blob was new."""
        with BlobWriter(self) as writer:
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
        with BlobWriter(self) as writer:
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
