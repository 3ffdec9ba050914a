"""Keys pressed between two prompts: neither echoed nor changed, and afterwards all as before."""

import os
import sys
from io import StringIO

import pytest

from pyollama.cli.repl.terminal import quiet_keys

pty = pytest.importorskip("pty", reason="this system has no pseudo-terminals")
termios = pytest.importorskip("termios", reason="this system has no POSIX terminals")


def flags(descriptor: int) -> tuple[bool, bool, bool, bool]:
    """Whether keys are echoed, come in lines, Enter is translated and Ctrl-C interrupts."""
    attributes = termios.tcgetattr(descriptor)
    incoming, local = attributes[0], attributes[3]
    return (
        bool(local & termios.ECHO),
        bool(local & termios.ICANON),
        bool(incoming & termios.ICRNL),
        bool(local & termios.ISIG),
    )


def test_keys_are_quiet_inside_and_as_before_after_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _ours, theirs = pty.openpty()
    with os.fdopen(theirs) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        with pytest.raises(KeyboardInterrupt), quiet_keys():
            assert flags(theirs) == (False, False, False, True)
            raise KeyboardInterrupt
        assert flags(theirs) == (True, True, True, True)


def test_a_stdin_that_is_no_terminal_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    stdin = StringIO("text")
    monkeypatch.setattr(sys, "stdin", stdin)
    with quiet_keys():
        assert stdin.read() == "text"
