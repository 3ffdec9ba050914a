"""Progress on stderr: a spinner per status and a bar per blob, in Ollama's line layout.

Where stderr is no terminal, every new status is one plain line, and nothing is drawn twice.
"""

import sys
import time
from collections import deque
from types import TracebackType
from typing import Any, Self

from pyollama.cli.drawing import Drawing, can_draw
from pyollama.cli.human import human_bytes

__all__ = ["Bar", "Copying", "Progress", "Spinner", "show_progress"]

FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
FRAMES_PER_SECOND = 10
SAMPLES = 10  # the rate of a bar is the mean of that many seconds


class Spinner:
    """A status with something that turns until it is over."""

    def __init__(self, message: str) -> None:
        self.message = message
        self.done = False

    def line(self, width: int) -> str:
        """The line as it looks now."""
        if self.done:
            return self.message
        frame = FRAMES[int(time.monotonic() * FRAMES_PER_SECOND) % len(FRAMES)]
        return f"{self.message} {frame} " if self.message else f"{frame} "


class Copying(Spinner):
    """A file on its way to the server; where the line is short, its digest gives way."""

    def __init__(self, digest: str, total: int) -> None:
        super().__init__(f"copying file {digest}")
        self.total = total
        self.completed = 0

    def set(self, completed: int) -> None:
        """Note how many bytes are sent now."""
        self.completed = completed

    def line(self, width: int) -> str:
        """The line as it looks now, with how much is done."""
        percent = 100 * self.completed // self.total if self.total else 100
        frame = super().line(width)[len(self.message) :]
        rest = f" {percent}%{frame}"
        return self.message[: max(width - len(rest) - 1, 0)] + rest


class Bar:
    """How much of something is done; total and completed are bytes, or steps if unit is ""."""

    def __init__(self, label: str, total: int, *, in_bytes: bool = True) -> None:
        self.label = label
        self.total = max(total, 0)
        self.completed = 0
        self.in_bytes = in_bytes
        self.samples: deque[tuple[float, int]] = deque(maxlen=SAMPLES)
        self.set(0)

    def set(self, completed: int) -> None:
        """Note how much is done now."""
        self.completed = min(max(completed, 0), self.total)
        now = time.monotonic()
        if not self.samples or now - self.samples[-1][0] >= 1:
            self.samples.append((now, self.completed))

    @property
    def done(self) -> bool:
        """Whether all is done."""
        return self.completed >= self.total

    def line(self, width: int) -> str:
        """label, percent, bar, sizes, rate and time left, cut to the terminal's width."""
        percent = 100 * self.completed / self.total if self.total else 100
        before = f"{self.label} {percent:3.0f}% ▕"
        after = f"▏ {self._counts()}"
        room = max(width - len(before) - len(after) - 5, 0)
        filled = int(room * percent / 100)
        return before + "█" * filled + " " * (room - filled) + after

    def _counts(self) -> str:
        """Done and total, and while it runs the rate and the time left."""
        total = self._amount(self.total)
        if self.done:
            return f"{total:>6}" + " " * 24
        rate = self._rate()
        speed = f"{self._amount(int(rate))}/s" if rate else ""
        left = _time_left((self.total - self.completed) / rate) if rate else ""
        return f"{self._amount(self.completed):>6}/{total:<6}{speed:>10}{left:>8}"

    def _amount(self, number: int) -> str:
        return human_bytes(number) if self.in_bytes else str(number)

    def _rate(self) -> float:
        """Per second, over the last samples."""
        started, first = self.samples[0]
        seconds = time.monotonic() - started
        return (self.completed - first) / seconds if seconds > 0 else 0.0


def _time_left(seconds: float) -> str:
    """1h5m, 3m20s, 12s."""
    if seconds >= 100 * 3600:
        return "99h+"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}h{minutes}m"
    return f"{minutes}m{rest}s" if minutes else f"{rest}s"


class Progress:
    """The states of one command, one line each, the last of them at the bottom."""

    def __init__(self) -> None:
        self.states: list[Spinner | Bar] = []
        self.drawing: Drawing | None = None

    def add(self, state: Spinner | Bar) -> None:
        """Show one more line; a spinner that was the last one stops."""
        self._stop_last()
        self.states.append(state)
        if not can_draw(sys.stderr):
            label = state.message if isinstance(state, Spinner) else state.label
            print(label, file=sys.stderr)
        elif self.drawing is None:
            self.drawing = Drawing(sys.stderr, self.lines)
            self.drawing.start()

    def _stop_last(self) -> None:
        if self.states and isinstance(self.states[-1], Spinner):
            self.states[-1].done = True

    def lines(self, width: int, height: int) -> list[str]:
        """The last lines, as many as fit on a screen."""
        return [state.line(width) for state in self.states[-max(height - 1, 1) :]]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop_last()
        if self.drawing is not None:
            self.drawing.stop()


def show_progress(
    progress: Progress, line: dict[str, Any], bars: dict[str, Bar], *, colon: str = ":"
) -> None:
    """Show one line of create, pull or push: a bar per digest, else a spinner per new status."""
    digest, status = line.get("digest"), str(line.get("status", ""))
    if digest and line.get("total"):
        if digest not in bars:
            bars[digest] = Bar(status + colon, int(line["total"]))
            progress.add(bars[digest])
        bars[digest].set(int(line.get("completed", 0)))
        return
    last = progress.states[-1] if progress.states else None
    if not isinstance(last, Spinner) or last.message != status:
        progress.add(Spinner(status))
