"""JSON objects in the midst of other text, found in a text that grows."""

import json
import re
from collections.abc import Iterable, Iterator
from math import isfinite
from typing import Any, NoReturn

__all__ = ["ObjectFinder", "decoded", "is_shallow"]

MAX_DEPTH = 200  # of what a call may hold: answers are written by recursion

INTERESTING = re.compile(r'\\|"|\{+|\}')
STRING_ENDS = re.compile(r'\\|"')


def decoded(text: str) -> dict[str, Any] | None:
    """The object that a text is, if it is one and shallow; numbers are float64s, as in Go."""
    try:
        value = DECODER.decode(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) and is_shallow(value) else None


def is_shallow(value: Any) -> bool:
    """Whether a value decoded from JSON is nested no deeper than an answer can hold."""
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [child for each in level for child in _children(each)]
        if not level:
            return True
    return False


def _children(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _refuse(constant: str) -> NoReturn:
    """NaN and Infinity are no JSON."""
    raise ValueError(constant)


def _finite(literal: str) -> float:
    value = float(literal)
    return value if isfinite(value) else _refuse(literal[:64])


def _whole(literal: str) -> int:
    _finite(literal)
    return int(literal)


DECODER = json.JSONDecoder(parse_float=_finite, parse_int=_whole, parse_constant=_refuse)


class ObjectFinder:
    """Yields where balanced braces begin and end; those inside of strings do not count.

    position: where in the text to begin
    """

    def __init__(self, position: int = 0) -> None:
        self.position = position
        self.depth = 0
        self.begin = -1
        self.in_string = False

    def spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Each (begin, end) in the part of the text that was not looked at before."""
        while True:
            pattern = STRING_ENDS if self.in_string else INTERESTING
            match = pattern.search(text, self.position)
            if match is None:
                self.position = len(text)
                return
            if match[0] == "\\":
                if match.end() == len(text):  # what it escapes is still to come
                    self.position = match.start()
                    return
                self.position = match.end() + 1
                continue
            self.position = match.end()
            if self._closes(match):
                yield self.begin, match.end()

    def _closes(self, match: re.Match[str]) -> bool:
        """Take note of a quote or of braces; whether an object ends here."""
        if match[0] == '"':
            self.in_string = not self.in_string
            return False
        if match[0] == "}":
            self.depth = max(0, self.depth - 1)
            return self.depth == 0 and self.begin >= 0
        if self.depth == 0:
            self.begin = match.start()
        self.depth += len(match[0])
        return False
