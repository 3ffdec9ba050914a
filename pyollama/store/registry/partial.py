"""Blobs that have come in part: the files that a download leaves, and goes on with.

    sha256-<hex>-partial       the bytes, as long as the whole from the beginning, holes and all
    sha256-<hex>-partial-<N>   how far part N is: {"N":0,"Offset":0,"Size":9,"Completed":4}

They are Ollama's, so that each program can go on with what the other has begun. Bytes are written
before it is said that they are there: whoever is killed in between fetches a few of them again.
"""

import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pyollama.store.blobs import Blobs
from pyollama.store.errors import StoreError, refusals
from pyollama.store.folders import fsync_folder, make_folder
from pyollama.store.registry import parts
from pyollama.store.registry.retries import Hopeless

__all__ = ["Partial", "PartialPart"]

MAX_STATE = 4096  # bytes
MAX_SIZE = 1 << 46  # bytes of a blob, which has as many parts as fit into memory
MAX_STATES = 100_000
KEYS = ("N", "Offset", "Size", "Completed")
BATCH = 1 << 20  # bytes that are hashed in one go


class PartialPart:
    """Part n of a blob: size bytes from offset on, of which completed are there."""

    def __init__(self, partial: "Partial", n: int, offset: int, size: int, completed: int) -> None:
        self.data = partial.data
        self.state = partial.data.with_name(f"{partial.data.name}-{n}")
        self.n = n
        self.offset = offset
        self.size = size
        self.completed = completed

    def write(self, data: bytes) -> None:
        """Add bytes; Hopeless when the disk refuses them."""
        with _refused(self.data), self.data.open("r+b") as file:
            file.seek(self.offset + self.completed)
            file.write(data)
        self.completed += len(data)
        self.save()

    def save(self) -> None:
        """Write how far the part is, over what was there: a moment without a state never is."""
        values = (self.n, self.offset, self.size, self.completed)
        text = json.dumps(dict(zip(KEYS, values, strict=True)), separators=(",", ":")) + "\n"
        with _refused(self.state):
            descriptor = os.open(self.state, os.O_WRONLY | os.O_CREAT, 0o644)
            with os.fdopen(descriptor, "wb") as file:
                file.write(text.encode())
                file.truncate()


class Partial:
    """The files of one blob of so many bytes."""

    def __init__(self, blobs: Blobs, digest: str, size: int) -> None:
        self.blobs = blobs
        self.digest = digest
        self.size = size
        path = blobs.path(digest)
        self.data = path.with_name(f"{path.name}-partial")
        self.parts: list[PartialPart] = []

    @property
    def completed(self) -> int:
        """How many bytes are there."""
        return sum(part.completed for part in self.parts)

    def resume(self) -> bool:
        """Take up what an earlier download has left; false if that is nothing, or does not fit."""
        try:
            states = [_read(path) for path in self._states()]
            has_data = self.data.stat().st_size == self.size and not self.data.is_symlink()
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return False
        found = [PartialPart(self, *state) for state in sorted(states, key=lambda s: s[1])]
        ends = [0, *(part.offset + part.size for part in found)]
        fits = all(part.offset == end for part, end in zip(found, ends, strict=False))
        if not (states and has_data and fits and ends[-1] == self.size):
            return False
        self.parts = found
        return True

    def begin(self) -> None:
        """Begin anew, with a file of the whole length that takes no room yet.

        Hopeless if the disk is too small for it, which is better known now than when it is full.
        """
        if not 0 <= self.size <= MAX_SIZE:
            raise Hopeless(f"{self.digest} would have {self.size} bytes")
        self.discard()
        make_folder(self.blobs.folder)
        if self.size > shutil.disk_usage(self.blobs.folder).free:
            raise Hopeless(f"write {self.data}: no space left on device")
        with _refused(self.data), self.data.open("wb") as file:
            file.truncate(self.size)
        places = enumerate(parts.split(self.size))
        self.parts = [PartialPart(self, n, offset, size, 0) for n, (offset, size) in places]
        for part in self.parts:
            part.save()

    def finish(self) -> str:
        """Hash the bytes, and give them their name if they are what they should be.

        Gives the digest that they have; if it is another one, they are deleted. The states go
        last, so that there is no moment in which a restart would begin anew.
        """
        hasher = hashlib.sha256()
        with _refused(self.data), self.data.open("r+b") as file:
            while data := file.read(BATCH):
                hasher.update(data)
            os.fsync(file.fileno())
        found = f"sha256:{hasher.hexdigest()}"
        if found == self.digest:
            with _refused(self.data), self.blobs.lock.held():
                self.data.chmod(0o644)
                self.blobs.unclaimed.note([self.digest])
                self.data.replace(self.blobs.path(self.digest))
            fsync_folder(self.blobs.folder)
        self.discard()
        return found

    def discard(self) -> None:
        """Remove all files, the bytes first."""
        with _refused(self.data):
            self.data.unlink(missing_ok=True)
            for path in self._states():
                path.unlink(missing_ok=True)

    def _states(self) -> list[Path]:
        """The files that say how far the parts are."""
        pattern = re.compile(rf"{re.escape(self.data.name)}-[0-9]+", re.ASCII)
        if not self.blobs.folder.is_dir():
            return []
        with os.scandir(self.blobs.folder) as entries:
            names = [entry.name for entry in entries if pattern.fullmatch(entry.name)]
        return [self.blobs.folder / name for name in names[:MAX_STATES]]


def _read(path: Path) -> tuple[int, int, int, int]:
    """The first line of a state, checked; ValueError, KeyError, TypeError or OSError."""
    with path.open("rb") as file:
        line = file.read(MAX_STATE).partition(b"\n")[0]
    state = json.loads(line)
    n, offset, size, completed = (state[key] for key in KEYS)
    for value in (n, offset, size, completed):
        if type(value) is not int or value < 0:
            raise ValueError(f"{value!r} in {path}")
    if completed > size or path.name.rpartition("-")[2] != str(n):
        raise ValueError(f"{path} is not of a part")
    return n, offset, size, completed


@contextmanager
def _refused(path: Path) -> Iterator[None]:
    """Let what the disk refuses be Hopeless: another try would find it as full."""
    try:
        with refusals("write", path):
            yield
    except Hopeless:
        raise
    except StoreError as error:
        raise Hopeless(str(error)) from error
