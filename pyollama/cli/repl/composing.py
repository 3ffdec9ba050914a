"""Ctrl-G: write a message in the editor of one's choice."""

import os
import shlex
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from pyollama.cli.errors import CommandError

__all__ = ["composed", "editor_command"]

VARIABLES = ("OLLAMA_EDITOR", "VISUAL", "EDITOR")
FALLBACK = "vi"


def editor_command(environ: Mapping[str, str] = os.environ) -> list[str]:
    """The user's editor, with the arguments that the variable gives it."""
    chosen = next((environ[name] for name in VARIABLES if environ.get(name, "").strip()), FALLBACK)
    return shlex.split(chosen)


def composed(text: str) -> str:
    """The text after the user has edited it, without line ends behind it.

    CommandError if there is no such editor.
    """
    command = editor_command()
    with tempfile.TemporaryDirectory(prefix="pyollama-") as folder:
        path = Path(folder) / "message.txt"
        path.write_text(text, "utf-8", errors="surrogateescape")
        try:
            subprocess.run([*command, str(path)], check=False)
        except OSError as error:
            advice = "set OLLAMA_EDITOR to the path of your preferred editor"
            raise CommandError(f'editor "{command[0]}" not found, {advice}') from error
        return path.read_text("utf-8", errors="surrogateescape").rstrip("\n")
