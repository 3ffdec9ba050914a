"""A program on a pseudo-terminal, driven as a person would: type, read, interrupt."""

import codecs
import os
import pty
import re
import select
import subprocess
import sys
import termios
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

ERASED = re.compile(r"[^\n]*\r\x1b\[2K")  # a line that is taken back, such as a spinner's
# Escapes, and returns to the line's beginning unless what they belong to has not arrived yet.
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]|\r(?!(\x1b(\[2?)?)?\Z)")
PATIENCE = 120.0  # seconds; a loaded machine that compiles may need many of them

# A terminal sends signals only to the session that it controls: the child takes it first. And tests
# that run in the background of a shell hand down an interrupt that is ignored.
PROGRAM = """
import fcntl, signal, sys, termios
signal.signal(signal.SIGINT, signal.default_int_handler)
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
from pyollama.cli.main import main
main()
"""


class PseudoTerminal:
    """The other end of the terminal that the command line runs on."""

    def __init__(self, descriptor: int, process: "subprocess.Popen[bytes]") -> None:
        self.descriptor = descriptor
        self.process = process
        self.unread = ""
        self.raw = ""  # all that was printed, with its escapes
        self.decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def type(self, text: str) -> None:
        """Press keys; "\\r" is Enter."""
        os.write(self.descriptor, text.encode())

    def expect(self, text: str) -> str:
        """Read until a text appears; gives what came before it. AssertionError if it does not."""
        deadline = time.monotonic() + PATIENCE
        while text not in self.unread:
            assert time.monotonic() < deadline, f"{text!r} is missing in {self.unread!r}"
            if not self._read():
                raise AssertionError(f"the program ended: {text!r} is missing in {self.unread!r}")
        before, _, self.unread = self.unread.partition(text)
        return before

    def end(self) -> int:
        """Wait for the program's end; gives its exit code."""
        while self._read():
            continue
        return self.process.wait(PATIENCE)

    def _read(self) -> bool:
        """Add to unread what the program has printed, without escapes; False at its end."""
        if not select.select([self.descriptor], [], [], 0.1)[0]:
            return True
        try:
            data = os.read(self.descriptor, 65536)
        except OSError:  # Linux says so when nobody has the terminal any more
            return False
        text = self.decoder.decode(data)
        self.raw += text
        self.unread = ESCAPES.sub("", ERASED.sub("", self.unread + text))
        return bool(data)


@contextmanager
def pseudo_terminal(
    *arguments: str, environ: Mapping[str, str], columns: int = 80
) -> Iterator[PseudoTerminal]:
    """``pyollama`` with arguments on a terminal so many columns wide; it ends with the block."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, columns))
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *arguments],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm-256color", **environ},
        start_new_session=True,
    )
    os.close(theirs)
    try:
        yield PseudoTerminal(ours, process)
    finally:
        process.kill()
        process.wait()
        os.close(ours)
