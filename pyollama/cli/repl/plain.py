"""Reading lines where the terminal cannot move its cursor: with what keys the system itself has."""

import click

from pyollama.cli.repl.conversation import Abandoned
from pyollama.cli.repl.history import HistoryFile

__all__ = ["PlainLines"]

PROMPT, ALTERNATE_PROMPT = ">>> ", "... "


class PlainLines:
    """Reads a line at a time; each is kept for later sessions, but cannot be called back here."""

    def __init__(self, history: HistoryFile) -> None:
        self.history = history

    def read(self, *, continued: bool = False) -> str:
        """The next line; Abandoned for Ctrl-C, EOFError at the end."""
        try:
            line = input(ALTERNATE_PROMPT if continued else PROMPT)
        except (KeyboardInterrupt, EOFError) as end:
            click.echo()
            if isinstance(end, EOFError):
                raise
            raise Abandoned("") from None
        if line.strip():
            self.history.add(line)
        return line
