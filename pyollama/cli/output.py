"""Writing an answer to stdout as it comes: thinking set apart, words wrapped on a terminal."""

import shutil
import sys
from typing import TextIO

from pyollama.durations import duration_text

__all__ = ["Answer", "timings"]

MARGIN = 5  # columns that stay free at the right
GREY = "\x1b[38;5;245m"
BOLD = "\x1b[1m"
PLAIN = "\x1b[0m"


class Answer:
    """One answer being printed; escapes and wrapping only where stdout is a terminal."""

    def __init__(
        self, out: TextIO | None = None, *, word_wrap: bool = True, hide_thinking: bool = False
    ) -> None:
        self.out = out or sys.stdout
        self.on_terminal = self.out.isatty()
        self.width = shutil.get_terminal_size().columns - MARGIN
        self.wraps = word_wrap and self.on_terminal and self.width > MARGIN
        self.hide_thinking = hide_thinking
        self.is_thinking = False
        self.column = 0
        self.word = ""  # what has been printed since the last blank

    def think(self, text: str) -> None:
        """Print a piece of thinking, with a heading before the first."""
        if self.hide_thinking or not text:
            return
        if not self.is_thinking:
            self._write(self._styled("Thinking...\n", GREY + BOLD) + (GREY * self.on_terminal))
            self.is_thinking = True
        self._wrapped(text)

    def say(self, text: str) -> None:
        """Print a piece of the answer."""
        if not text:
            return
        self._end_thinking()
        self._wrapped(text)

    def finish(self) -> None:
        """End the answer with an empty line."""
        self._end_thinking()
        self._write("\n\n")

    def _end_thinking(self) -> None:
        """Close the part that was thinking."""
        if not self.is_thinking:
            return
        self.is_thinking = False
        newline = "\n" if self.column else ""
        self._write(PLAIN * self.on_terminal + newline)
        self._write(self._styled("...done thinking.\n\n", GREY + BOLD))
        self.column, self.word = 0, ""

    def _styled(self, text: str, style: str) -> str:
        return f"{style}{text}{PLAIN}" if self.on_terminal else text

    def _wrapped(self, text: str) -> None:
        """Print text; a word that crosses the margin is taken back and moved to the next line."""
        out = []
        for char in text:
            if self.wraps and char not in " \n" and self.column >= self.width:
                out.append(self._broken_line())
            out.append(char)
            self.column = 0 if char == "\n" else self.column + 1
            self.word = "" if char in " \n" else self.word + char
        self._write("".join(out))

    def _broken_line(self) -> str:
        """What ends the line before the word that has begun, if there is anything before it."""
        word = self.word if len(self.word) < self.column else ""
        self.column = len(word)
        back = f"\x1b[{len(word)}D\x1b[K" if word else ""
        return f"{back}\n{word}"

    def _write(self, text: str) -> None:
        self.out.write(text)
        self.out.flush()


def timings(last: dict[str, int]) -> str:
    """The block of ``--verbose``, from the last line of an answer; what is zero is left out."""
    rows = [
        ("total duration", _duration(last, "total_duration")),
        ("load duration", _duration(last, "load_duration")),
        ("prompt eval count", _count(last, "prompt_eval_count")),
        ("prompt eval duration", _duration(last, "prompt_eval_duration")),
        ("prompt eval rate", _rate(last, "prompt_eval")),
        ("eval count", _count(last, "eval_count")),
        ("eval duration", _duration(last, "eval_duration")),
        ("eval rate", _rate(last, "eval")),
    ]
    return "\n".join(f"{label + ':':<22}{value}" for label, value in rows if value)


def _duration(last: dict[str, int], key: str) -> str:
    return duration_text(last[key]) if last.get(key) else ""


def _count(last: dict[str, int], key: str) -> str:
    return f"{last[key]} token(s)" if last.get(key) else ""


def _rate(last: dict[str, int], key: str) -> str:
    count, nanoseconds = last.get(f"{key}_count", 0), last.get(f"{key}_duration", 0)
    return f"{count / nanoseconds * 1e9:.2f} tokens/s" if count and nanoseconds else ""
