"""Writing an answer to stdout as it comes: thinking set apart, words wrapped on a terminal."""

import os
import shutil
import sys
from typing import Any, TextIO

from pyollama.cli.drawing import can_draw
from pyollama.cli.wrapping import Wrapper
from pyollama.gotext import go_json

__all__ = ["Answer"]

MARGIN = 5  # columns that stay free at the right
GREY = "\x1b[38;5;245m"
BOLD = "\x1b[1m"
PLAIN = "\x1b[0m"


class Answer:
    """One answer being printed; escapes and wrapping only where stdout is a terminal that can."""

    def __init__(
        self, out: TextIO | None = None, *, word_wrap: bool = True, hide_thinking: bool = False
    ) -> None:
        self.out = out or sys.stdout
        self.on_terminal = self.out.isatty()
        self.draws = can_draw(self.out)
        self.grey = "" if os.environ.get("NO_COLOR") else GREY  # bold is no colour
        width = shutil.get_terminal_size().columns - MARGIN
        self.wrapper = Wrapper(width if word_wrap and self.draws and width > MARGIN else None)
        self.hide_thinking = hide_thinking
        self.is_thinking = False

    def think(self, text: str) -> None:
        """Print a piece of thinking, with a heading before the first."""
        if self.hide_thinking or not text:
            return
        if not self.is_thinking:
            heading = self._styled("Thinking...\n", self.grey + BOLD)
            self._write(heading + self.grey * self.draws)
            self.is_thinking = True
        self._write(self.wrapper.wrap(text))

    def say(self, text: str) -> None:
        """Print a piece of the answer."""
        if not text:
            return
        self._end_thinking()
        self._write(self.wrapper.wrap(text))

    def call(self, function: dict[str, Any]) -> None:
        """Print a tool call: nobody is here to carry it out."""
        arguments = go_json(function.get("arguments")).decode().strip()
        name = f"'{function.get('name', '')}()'"
        self.say(f"  Model called a non-existent function {name} with arguments: {arguments}\n")

    def finish(self) -> None:
        """End the answer with an empty line."""
        self._end_thinking()
        self._write("\n\n")

    def abandon(self) -> None:
        """End an answer that has been interrupted: in plain letters, with an empty line."""
        self.fail()
        self._write("\n")

    def fail(self) -> None:
        """End an answer before an error: a terminal goes to a new line, in plain letters."""
        if self.on_terminal:
            style = PLAIN if self.is_thinking and self.draws else ""
            self._write(style + ("\n" if self.wrapper.column else ""))

    def _end_thinking(self) -> None:
        """Close the part that was thinking."""
        if not self.is_thinking:
            return
        self.is_thinking = False
        newline = "\n" if self.wrapper.column else ""
        self._write(PLAIN * self.draws + newline)
        self._write(self._styled("...done thinking.\n\n", self.grey + BOLD))
        self.wrapper.restart()

    def _styled(self, text: str, style: str) -> str:
        return f"{style}{text}{PLAIN}" if self.draws else text

    def _write(self, text: str) -> None:
        self.out.write(text)
        self.out.flush()
