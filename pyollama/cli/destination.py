"""Where a command writes a file: under its own name only when it is whole.

Until then it has a temporary name in the same folder. What stood there before stays until it is
replaced, and a command that fails or is interrupted changes nothing.
"""

import contextlib
import os
import secrets
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from pyollama.cli.errors import CommandError
from pyollama.store.folders import fsync_folder

__all__ = ["STANDARD", "destination"]

STANDARD = "-"  # standard input or output in the place of a file


@contextlib.contextmanager
def destination(path: str) -> Iterator[BinaryIO]:
    """A file to write to, or standard output for "-".

    CommandError for a terminal, and for what the disk refuses; BrokenPipeError if the reader of
    standard output has gone.
    """
    if path == STANDARD:
        if sys.stdout.isatty():
            raise CommandError("a model is not written to a terminal: redirect it, or name a file")
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    target = Path(path)
    try:
        if target.exists() and not target.is_file():  # a pipe, a device: nothing to be replaced
            with target.open("wb") as file:
                yield file
        else:
            with _replacing(Path(os.path.realpath(target))) as file:
                yield file
    except OSError as error:
        raise CommandError(f"write {path}: {(error.strerror or str(error)).lower()}") from error


@contextlib.contextmanager
def _replacing(target: Path) -> Iterator[BinaryIO]:
    """A temporary file that takes the place of another at the end of the context."""
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    file = temporary.open("xb")
    try:
        with file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
    fsync_folder(target.parent)
