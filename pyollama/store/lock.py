"""One writer at a time, across threads and processes that share a store.

Creating a manifest and deleting the blobs that no manifest names must not interleave. The lock is
a file beside ``blobs`` and ``manifests``; the system frees it when its holder dies. Where there
is no flock (Windows) only the threads of this process are kept apart.
"""

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path

from pyollama.store.errors import refusals
from pyollama.store.folders import make_folder

__all__ = ["StoreLock"]

try:
    import fcntl
except ImportError:  # not a POSIX system
    fcntl = None  # type: ignore[assignment]


class StoreLock:
    """The lock of one store; not reentrant."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.threads = threading.Lock()

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Wait for the lock and hold it."""
        with self.threads:
            make_folder(self.root)
            path = self.root / ".pyollama-lock"
            with refusals("open", path):
                file = path.open("ab")
            with file:
                if fcntl is not None:
                    fcntl.flock(file, fcntl.LOCK_EX)
                yield
