"""Lines at the bottom of a terminal that are drawn again and again in the same place.

Each drawing is one write between the marks of a synchronized update, so that a terminal that knows
them shows it at once, with the cursor hidden. Every line is cut to the terminal's width: one that
broke would take two rows, and the way back up would be too short. For the same reason the cursor
goes back to the line's beginning: the terminal echoes a Ctrl-C where it stands.
"""

import os
import threading
from collections.abc import Callable
from typing import TextIO

from pyollama.cli.wrapping import cells

__all__ = ["Drawing", "can_draw", "fitted", "size"]

INTERVAL = 0.1  # seconds between two drawings
BEGIN, END = "\x1b[?2026h", "\x1b[?2026l"  # of a synchronized update
HIDE, SHOW = "\x1b[?25l", "\x1b[?25h"  # the cursor
ERASE_REST, ERASE_BELOW = "\x1b[K", "\x1b[J"  # from the cursor to the end of line and screen
DEFAULT_SIZE = (80, 24)  # where a terminal does not know

Lines = Callable[[int, int], list[str]]


class Drawing:
    """What lines(columns, rows) gives, on a terminal, from start() to stop()."""

    def __init__(self, out: TextIO, lines: Lines) -> None:
        self.out = out
        self.lines = lines
        self.drawn = 0  # lines that stand there now
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self._run, name="drawing", daemon=True)

    def start(self) -> None:
        """Draw for the first time, and then again and again."""
        self.draw()
        self.thread.start()

    def stop(self) -> None:
        """Draw for the last time, go to the next line and give the cursor back."""
        self.stopped.set()
        try:
            self.thread.join()
            self.draw()
        finally:
            self.out.write("\n" + SHOW)
            self.out.flush()

    def draw(self) -> None:
        """Draw over what was drawn last."""
        columns, rows = size(self.out)
        lines = self.lines(columns, rows)
        up = f"\x1b[{self.drawn - 1}A" if self.drawn > 1 else ""
        text = "\n".join(fitted(line, columns) + ERASE_REST for line in lines)
        self.out.write(f"{BEGIN}{HIDE}\r{up}{text}{ERASE_BELOW}\r{END}")
        self.out.flush()
        self.drawn = len(lines)

    def _run(self) -> None:
        while not self.stopped.wait(INTERVAL):
            self.draw()


def can_draw(out: TextIO) -> bool:
    """Whether the output is a terminal on which the cursor can be moved."""
    return out.isatty() and os.environ.get("TERM") != "dumb"


def size(out: TextIO) -> tuple[int, int]:
    """Columns and rows of the terminal that the output is."""
    try:
        columns, rows = os.get_terminal_size(out.fileno())
    except OSError:
        return DEFAULT_SIZE
    return columns or DEFAULT_SIZE[0], rows or DEFAULT_SIZE[1]


def fitted(line: str, columns: int) -> str:
    """The beginning of a line, as much as fits; the last column stays free, as it may break."""
    width = 0
    for index, char in enumerate(line):
        width += cells(char)
        if width >= columns:
            return line[:index]
    return line
