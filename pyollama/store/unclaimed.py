"""Notes of blobs that we wrote and that no manifest may name: ``<root>/.pyollama-unclaimed/``.

An upload that nobody makes a model of, or a creation that is killed half way, leaves whole blobs
behind. Ollama deletes any such blob at its start. We share the folder with a program that may be
filling it just now, and therefore delete only what is ours: each blob gets a note, an empty file of
the same name, before it becomes visible, and loses it when a manifest names it. The layers of a
model are noted again before the model is deleted or overwritten.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

from pyollama.store.errors import refusals
from pyollama.store.folders import make_folder

__all__ = ["Unclaimed"]


class Unclaimed:
    """The notes of one store; all digests are well formed."""

    def __init__(self, root: Path) -> None:
        self.folder = root / ".pyollama-unclaimed"

    def note(self, digests: Iterable[str]) -> None:
        """Remember blobs that may be left over."""
        make_folder(self.folder)
        for digest in digests:
            path = self._path(digest)
            with refusals("open", path):
                path.touch()

    def forget(self, digests: Iterable[str]) -> None:
        """These blobs are in use, or gone."""
        for digest in digests:
            path = self._path(digest)
            with refusals("remove", path):
                path.unlink(missing_ok=True)

    def names(self) -> Iterator[str]:
        """What the notes are called: the names of the blobs' files."""
        if self.folder.is_dir():
            yield from sorted(path.name for path in self.folder.iterdir())

    def _path(self, digest: str) -> Path:
        return self.folder / digest.replace(":", "-")
