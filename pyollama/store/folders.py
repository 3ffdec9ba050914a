"""Folders of the store: making them, making renames in them last, and staying inside them."""

import contextlib
import os
from pathlib import Path

from pyollama.store.errors import StoreError

__all__ = ["DOWNLOADS", "RACES", "fsync_folder", "is_inside", "make_folder"]

DOWNLOADS = ".pyollama-downloads"  # below the root: what is being fetched, and by whom
RACES = 50  # how often a folder may vanish while something is put into it


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


def is_inside(path: Path, folder: Path) -> bool:
    """Whether a path, all links followed, lies in a folder; links in a circle lead nowhere."""
    # Path.resolve() would raise RuntimeError for such a circle.
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder))
