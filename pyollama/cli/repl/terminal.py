"""The terminal between two prompts: keys are not echoed into an answer, and wait for the prompt."""

import contextlib
import sys
from collections.abc import Iterator

try:
    import termios
except ImportError:  # not a POSIX system: its console does not echo what nobody reads
    termios = None  # type: ignore[assignment]

__all__ = ["quiet_keys"]


@contextlib.contextmanager
def quiet_keys() -> Iterator[None]:
    """Do not echo keys; Ctrl-C and Ctrl-Z keep their meaning.

    Enter stays a carriage return: a line typed ahead is then sent, where a line feed (Ctrl-J)
    would only begin its next line. Without a POSIX terminal on stdin nothing is changed.
    """
    if termios is None or not sys.stdin.isatty():
        yield
        return
    before = termios.tcgetattr(sys.stdin)
    quiet = termios.tcgetattr(sys.stdin)
    quiet[0] &= ~termios.ICRNL
    quiet[3] &= ~(termios.ECHO | termios.ICANON)
    termios.tcsetattr(sys.stdin, termios.TCSADRAIN, quiet)
    try:
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)
