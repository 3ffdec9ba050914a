"""Formats of Go's fmt package: verbs with flags, width, precision and the number of an operand."""

import re
from collections.abc import Iterator, Sequence

from pyollama.gotemplate.limits import Budget
from pyollama.gotemplate.printing import Verb, formatted, printed
from pyollama.gotemplate.values import NO_VALUE, Value, type_name

__all__ = ["sprint", "sprintf", "sprintln"]

DIRECTIVE = re.compile(
    r"%(?P<flags>[+\-# 0]*)"
    r"(?P<at_width>(?:\[\d{1,9}\])?)(?P<width>\*|\d*)"
    r"(?:\.(?P<precision>\*|\d*))?"
    r"(?P<at>(?:\[\d{1,9}\])?)(?P<letter>.?)",
    re.DOTALL,
)
LARGEST = 1_000_000  # width or precision; Go has the same limit


def sprint(values: Sequence[Value]) -> str:
    """The values in a row, with a blank between two of which neither is a string."""
    pieces: list[str] = []
    for index, value in enumerate(values):
        if index and not isinstance(value, str) and not isinstance(values[index - 1], str):
            pieces.append(" ")
        pieces.append(printed(value))
    return "".join(pieces)


def sprintln(values: Sequence[Value]) -> str:
    """The values with a blank between any two, and a newline."""
    return " ".join(map(printed, values)) + "\n"


def sprintf(form: str, values: Sequence[Value], budget: Budget) -> str:
    """A format, filled in. Mistakes are noted in the text; ExecutionError if it gets too long."""
    pieces: list[str] = []
    for piece in Formatter(values, budget).pieces(form):
        budget.spend(1 + len(piece))
        pieces.append(piece)
    return "".join(pieces)


class Formatter:
    """The operands of one format, and which of them is next."""

    def __init__(self, values: Sequence[Value], budget: Budget) -> None:
        self.values = values
        self.budget = budget
        self.next = 0
        self.chooses = False  # whether the format has picked an operand by its number

    def pieces(self, form: str) -> Iterator[str]:
        """Text and filled-in verbs, then a note about operands that were not used."""
        start = 0
        for found in DIRECTIVE.finditer(form):
            yield form[start : found.start()]
            yield self._directive(found)
            start = found.end()
        yield form[start:]
        rest = self.values[self.next :]
        if rest and not self.chooses:
            yield "%!(EXTRA " + ", ".join(map(extra, rest)) + ")"

    def _directive(self, found: re.Match[str]) -> str:
        """One verb with its operand."""
        self._choose(found["at_width"])
        width, width_note = self._size(found["width"], "WIDTH")
        precision, note = self._size(found["precision"] or "", "PREC")
        if found["precision"] == "":
            precision = 0
        self._choose(found["at"])
        letter, flags = found["letter"], found["flags"]
        if not letter:
            return width_note + note + "%!(NOVERB)"
        if letter == "%":
            return "%"
        if width is not None and width < 0:
            flags, width = flags + "-", -width
        value, is_there = self._operand()
        if not is_there:
            return width_note + note + f"%!{letter}(MISSING)"
        self.budget.spend((width or 0) + (precision or 0))
        text = formatted(value, Verb(letter, flags, width or 0, precision))
        return width_note + note + text

    def _choose(self, bracket: str) -> None:
        """[3] makes the third operand the next."""
        if bracket:
            self.chooses = True
            self.next = int(bracket[1:-1]) - 1

    def _operand(self) -> tuple[Value, bool]:
        """The next operand, and whether there is one."""
        if not 0 <= self.next < len(self.values):
            return None, False
        self.next += 1
        return self.values[self.next - 1], True

    def _size(self, text: str, name: str) -> tuple[int | None, str]:
        """A width or precision, and a note if it is none; * takes it from the operands."""
        if text == "*":
            value, _ = self._operand()
            is_size = isinstance(value, int) and abs(value) <= LARGEST
            return (value, "") if is_size else (None, f"%!(BAD{name})")  # type: ignore[return-value]
        if not text:
            return None, ""
        if len(text) > 7 or int(text) > LARGEST:
            return None, f"%!(BAD{name})"
        return int(text), ""


def extra(value: Value) -> str:
    """An operand that no verb took: int=3."""
    if value is None or value is NO_VALUE:
        return "<nil>"
    return f"{type_name(value)}={printed(value)}"
