"""The lines of earlier sessions, in ``~/.ollama/history``: one entry per line, the oldest first.

The file is Ollama's, and either program continues what the other has written.
"""

import contextlib
import os
from pathlib import Path

__all__ = ["LIMIT", "HistoryFile", "default_path"]

LIMIT = 100  # entries that are kept
MODE = 0o600  # what people tell a model is their own affair


def default_path() -> Path:
    """The history of the user, always in the home folder."""
    return Path.home() / ".ollama" / "history"


class HistoryFile:
    """The file; saving can be switched off, reading cannot."""

    def __init__(self, path: Path, *, saves: bool = True) -> None:
        self.path = path
        self.saves = saves

    def entries(self) -> list[str]:
        """At most LIMIT entries, the oldest first; none if the file cannot be read."""
        try:
            text = self.path.read_text("utf-8", errors="surrogateescape")
        except OSError:
            return []
        return [line.strip() for line in text.split("\n") if line.strip()][-LIMIT:]

    def add(self, entry: str) -> None:
        """Append an entry to what other sessions have written meanwhile.

        A folder that cannot be written must not end a conversation: the entry is then lost.
        """
        if self.saves:
            with contextlib.suppress(OSError):
                self._write([*self.entries(), *entry.split("\n")])

    def _write(self, entries: list[str]) -> None:
        """Replace the file at once, so that no reader ever sees half of it."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        temporary = self.path.with_name(self.path.name + ".tmp")
        lines = [line for line in entries if line.strip()][-LIMIT:]
        with os.fdopen(
            os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, MODE), "wb"
        ) as file:
            file.write("".join(f"{line}\n" for line in lines).encode("utf-8", "surrogateescape"))
        temporary.replace(self.path)
