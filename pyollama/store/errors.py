"""What can go wrong inside the store and is nobody's bad request."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from pyollama.errors import PyollamaError

__all__ = ["StoreError", "refusals"]


class StoreError(PyollamaError):
    """A blob, manifest or folder of the store cannot be read or written."""


@contextlib.contextmanager
def refusals(action: str, path: Path) -> Iterator[None]:
    """Let what the disk refuses be a StoreError: a full disk, a folder without permission."""
    try:
        yield
    except OSError as error:
        raise StoreError(f"{action} {path}: {(error.strerror or '').lower()}") from error
