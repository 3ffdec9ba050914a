"""Ends that leave time to clear away: a terminal that is closed, a machine that shuts down."""

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType

__all__ = ["unwinding"]

SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)
)  # Windows has no second one


@contextlib.contextmanager
def unwinding() -> Iterator[None]:
    """Let these signals end the command as Ctrl-C does, so that its temporary files go."""
    before = [(number, signal.signal(number, _interrupt)) for number in SIGNALS]
    try:
        yield
    finally:
        for number, handler in before:
            signal.signal(number, handler)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
