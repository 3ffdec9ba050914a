"""One process at a time fetches a blob; others wait until it is whole, or its owner has gone.

A claim is a locked file in ``<root>/.pyollama-downloads/``, of the blob's name. The system frees it
when its holder dies. It does not lie beside the blob, where Ollama would take it for a part.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import BinaryIO

from pyollama.store.errors import refusals
from pyollama.store.folders import DOWNLOADS, make_folder

__all__ = ["claimed"]

PAUSE = 0.25  # seconds between two looks

try:
    import fcntl
except ImportError:  # not a POSIX system: only the downloads of one process are kept apart
    fcntl = None  # type: ignore[assignment]


@asynccontextmanager
async def claimed(root: Path, name: str, waiting: Callable[[], None]) -> AsyncIterator[None]:
    """Wait for the claim to a blob and hold it; calls waiting now and then until it comes.

    Raises StoreError if the folder cannot be written.
    """
    path = root / DOWNLOADS / name
    while (file := _taken(path)) is None:
        waiting()
        await asyncio.sleep(PAUSE)
    with file:
        try:
            yield
        finally:
            path.unlink(missing_ok=True)  # before the lock goes: whoever comes next makes a new one


def _taken(path: Path) -> BinaryIO | None:
    """The locked file, or None if another process holds it."""
    make_folder(path.parent)
    with refusals("open", path):
        file = path.open("ab")
    if fcntl is None:
        return file
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(file.fileno()), path.stat()):
            return file
    except OSError:  # somebody else's, or removed by its holder a moment ago
        pass
    file.close()
    return None
