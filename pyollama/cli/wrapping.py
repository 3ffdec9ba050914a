"""Word wrap for text that arrives in pieces: a word is moved to the next line when it crosses.

The beginning of a word may already stand on the terminal. It is then taken back: the cursor goes
left over it, the rest of the line is erased, and the word is written again below.
"""

import unicodedata

__all__ = ["Wrapper", "cells"]

BLANKS = " \t\n"
TAB = 8  # columns from one tab stop to the next


class Wrapper:
    """Where the cursor stands, and the lines' width in columns; None leaves lines unbroken."""

    def __init__(self, width: int | None) -> None:
        self.width = width
        self.column = 0
        self.word = ""  # what has been printed since the last blank

    def wrap(self, text: str) -> str:
        """What to print for the next piece of text."""
        out = []
        for char in text:
            if self.width and char not in BLANKS and self.column + cells(char) > self.width:
                out.append(self._broken_line())
            out.append(char)
            self._advance(char)
        return "".join(out)

    def restart(self) -> None:
        """Note that the cursor stands at the beginning of a line."""
        self.column, self.word = 0, ""

    def _advance(self, char: str) -> None:
        """Note that a character has been printed."""
        if char == "\n":
            self.restart()
        elif char == "\t":
            self.column, self.word = (self.column // TAB + 1) * TAB, ""
        else:
            self.column += cells(char)
            self.word = "" if char == " " else self.word + char

    def _broken_line(self) -> str:
        """What ends the line before the word that has begun, if there is anything before it."""
        length = sum(map(cells, self.word))
        if length == self.column:  # one word fills the line: it is cut
            self.restart()
        word, self.column = self.word, sum(map(cells, self.word))
        back = f"\x1b[{length}D\x1b[K" if word else ""
        return f"{back}\n{word}"


def cells(char: str) -> int:
    """How many columns of a terminal a character takes: two for wide ones, none for marks."""
    if char.isascii():
        return 1
    if unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1
