"""A blob while it is written: under a temporary name, hashed on the way, visible when it is whole.

The temporary name is ``sha256-`` and twenty digits. That is no digest, so Ollama sweeps away at its
start what a crash leaves; Ollama's own have at most ten digits, so that we know ours.
"""

import contextlib
import hashlib
import os
import re
import secrets
from types import TracebackType
from typing import TYPE_CHECKING, Self

from pyollama.store.errors import refusals
from pyollama.store.folders import fsync_folder, make_folder

if TYPE_CHECKING:
    from pyollama.store.blobs import Blobs

__all__ = ["TEMPORARY", "BlobWriter"]

N_DIGITS = 20
TEMPORARY = re.compile(rf"sha256-[0-9]{{{N_DIGITS}}}", re.ASCII)


class BlobWriter:
    """A blob being written; leaving the context without finish() removes the temporary file."""

    def __init__(self, blobs: "Blobs") -> None:
        make_folder(blobs.folder)
        self.blobs = blobs
        self.size = 0
        self.hash = hashlib.sha256()
        digits = f"{secrets.randbelow(10**N_DIGITS):0{N_DIGITS}d}"
        self.temporary = blobs.folder / f"sha256-{digits}"
        with refusals("open", self.temporary):
            self.file = self.temporary.open("xb")

    def write(self, data: bytes | memoryview) -> None:
        """Append bytes; StoreError when the disk refuses them."""
        self.hash.update(data)
        self.size += len(data)
        with refusals("write", self.temporary):
            self.file.write(data)

    def seal(self) -> str:
        """Flush to the disk and close, still under the temporary name; gives the digest.

        StoreError when the disk refuses the last bytes, which Python's buffer held until now.
        """
        if not self.file.closed:
            with refusals("write", self.temporary):
                self.file.flush()
                os.fsync(self.file.fileno())
                self.file.close()
        return f"sha256:{self.hash.hexdigest()}"

    def finish(self) -> tuple[str, bool]:
        """Seal, and take the final name; gives the digest and whether it was new. StoreError."""
        digest = self.seal()
        with refusals("write", self.temporary):
            if self.blobs.has(digest):
                self.blobs.touch(digest)
                return digest, False
            self.temporary.chmod(0o644)
            with self.blobs.lock.held():  # or a deletion of the same blob could take the note away
                self.blobs.unclaimed.note([digest])
                self.temporary.replace(self.blobs.path(digest))
        fsync_folder(self.blobs.folder)
        return digest, True

    def __enter__(self) -> Self:
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
