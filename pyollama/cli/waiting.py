"""What stands on stderr while a model loads: a spinner, and why it takes long if it does.

It is drawn by hand and erased when the answer begins, so that the quick case imports nothing.
"""

import sys
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from pyollama.cli.drawing import can_draw, fitted, size
from pyollama.cli.progress import FRAMES

__all__ = ["Waiting"]

INTERVAL = 0.1  # seconds between two frames
PATIENCE = 2.0  # seconds before the wait is explained
FRAME_WIDTH = 2  # columns of what turns, with the blank behind it
ERASE = "\r\x1b[2K"
COMPILING = "compiling kernels for this processor, once"


class Waiting:
    """Shows that something goes on until stop() is called or the context ends.

    kernels tells how many kernels are compiled, or None: while the number grows, that is why.
    """

    def __init__(self, kernels: Callable[[], int | None] = lambda: None) -> None:
        self.kernels = kernels
        self.started = time.monotonic()
        self.first: int | None = None
        self.stopped = threading.Event()
        self.on_terminal = can_draw(sys.stderr)
        self.thread = threading.Thread(target=self._run, name="waiting", daemon=True)

    def _run(self) -> None:
        """Draw a frame at a time; without a terminal, say once that kernels are compiled."""
        said = False
        drawn = 0
        while not self.stopped.wait(INTERVAL):
            message = self.message()
            if self.on_terminal:
                room = size(sys.stderr)[0] - FRAME_WIDTH  # a line that broke would not be erased
                frame = FRAMES[drawn % len(FRAMES)]
                sys.stderr.write(f"{ERASE}{fitted(message, room)}{frame} ")
                sys.stderr.flush()
                drawn += 1
            elif message.startswith(COMPILING) and not said:
                print(COMPILING, file=sys.stderr)
                said = True

    def message(self) -> str:
        """Why this takes so long, "" while it does not."""
        seconds = time.monotonic() - self.started
        if seconds < PATIENCE:
            return ""
        known = self.kernels()
        if known is not None and self.first is None:
            self.first = known
        new = (known or 0) - (self.first or 0)
        reason = f"{COMPILING}: {new} done" if new else "loading"
        return f"{reason} ({seconds:.0f} s) "

    def stop(self) -> None:
        """Erase the line; calling it again does nothing."""
        if self.stopped.is_set():
            return
        self.stopped.set()
        self.thread.join()
        if self.on_terminal:
            sys.stderr.write(ERASE)
            sys.stderr.flush()

    def __enter__(self) -> Self:
        self.thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()
