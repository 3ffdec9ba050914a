"""What is put in order when a server starts: old names, and what crashes have left behind.

Only what is an hour old is touched, since another process may be working on anything younger. By
default only our own leavings go: Ollama may be running on the same folder, and what looks unused
may be the first half of a model that it is downloading. With ``prune`` everything goes that Ollama
would delete at its own start.
"""

import contextlib
import logging
import os
import re
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from pyollama.errors import PyollamaError
from pyollama.store import blob_writer, manifests
from pyollama.store.blobs import Blobs, is_digest
from pyollama.store.folders import DOWNLOADS
from pyollama.store.manifests import Manifests

__all__ = ["rename_legacy", "tidy"]

GRACE = 3600  # seconds
LEGACY = re.compile(r"sha256:[0-9a-fA-F]{64}", re.ASCII)
PARTIAL = re.compile(r"(sha256-[0-9a-f]{64})-partial(-[0-9]+)?", re.ASCII)
CORRUPT = "corrupt manifests detected, skipping prune operation.  Re-pull or delete to clear"

logger = logging.getLogger(__name__)


def tidy(root: Path, *, no_prune: bool = False, prune: bool = False) -> None:
    """Put the folder in order; what cannot be done is logged, for a server starts nonetheless.

    no_prune deletes nothing, prune all that Ollama would delete.
    """
    blobs, models = Blobs(root), Manifests(root)
    try:
        rename_legacy(blobs.folder)
        if not no_prune:
            with blobs.lock.held():
                _sweep(blobs, models, prune)
    except (PyollamaError, OSError) as error:
        logger.warning("could not tidy %s: %s", root, error)


def rename_legacy(folder: Path) -> None:
    """Rename blobs of old versions of Ollama, ``sha256:<hex>``, to what they are called today."""
    for path in sorted(folder.rglob("sha256:*")):
        if LEGACY.fullmatch(path.name) and not path.is_symlink() and path.is_file():
            target = path.with_name(path.name.replace(":", "-"))
            if not target.exists():
                path.rename(target)


def _sweep(blobs: Blobs, models: Manifests, prune: bool) -> None:
    """Remove temporary files, then blobs that no model uses, then empty folders."""
    _remove_old(models.folder.glob(f"{manifests.TEMPORARY}*"))
    files = _regular(blobs.folder)
    _remove_old(file for file in files if blob_writer.TEMPORARY.fullmatch(file.name))
    _remove_old(_outlived(blobs, {file.name for file in files}))
    if not _all_readable(models):
        logger.warning(CORRUPT)
        return
    used = {digest.replace(":", "-") for digest in models.referenced()}
    if prune:
        _remove_old(file for file in files if file.name not in used)
    _sweep_unclaimed(blobs, used)
    _remove_empty(models.folder)


def _outlived(blobs: Blobs, names: set[str]) -> Iterator[Path]:
    """What is left of downloads whose blobs are whole; all others may go on one day."""
    for name in names:
        found = PARTIAL.fullmatch(name)
        if found and found[1] in names:
            yield blobs.folder / name
    for claim in _regular(blobs.root / DOWNLOADS):
        if claim.name in names:
            yield claim


def _sweep_unclaimed(blobs: Blobs, used: set[str]) -> None:
    """Delete old blobs that we wrote and nobody uses, and the notes of those that are used."""
    for name in filter(is_digest, blobs.unclaimed.names()):
        path = blobs.folder / name
        if name not in used:
            _remove_old([path])
        if name in used or not path.exists():
            blobs.unclaimed.forget([name])


def _all_readable(models: Manifests) -> bool:
    """Whether every file in the place of a manifest has a name and can be read."""
    n_files = sum(path.is_file() for path in models.folder.glob("*/*/*/*"))
    n_read = sum(1 for _ in models.all())
    return n_files == n_read


def _regular(folder: Path) -> list[Path]:
    """The regular files in a folder; links are left alone."""
    if not folder.is_dir():
        return []
    with os.scandir(folder) as entries:
        return [Path(entry.path) for entry in entries if entry.is_file(follow_symlinks=False)]


def _remove_old(paths: Iterable[Path]) -> None:
    """Remove those files that nobody has written to for an hour."""
    limit = time.time() - GRACE
    for path in paths:
        with contextlib.suppress(FileNotFoundError):
            if path.lstat().st_mtime <= limit:
                logger.info("removing %s, which is unused", path)
                path.unlink()


def _remove_empty(folder: Path) -> None:
    """Remove the folders under a folder that hold nothing, the innermost first."""
    for path, _, _ in os.walk(folder, topdown=False):
        if Path(path) != folder:
            with contextlib.suppress(OSError):
                Path(path).rmdir()
