"""JSON that a model wrote, read as Go's json.Unmarshal reads it, with its words for every mistake.

What Go and Python agree on is left to the standard library's scanner, which is written in C. Text
that it refuses is walked through once more, without recursion, to say what Go would say.
"""

import json
import re
from typing import Any, NoReturn

from pyollama.gotext import go_quoted
from pyollama.prompt.jsonobjects import is_shallow

__all__ = ["JSONError", "first_value", "read_json", "read_object"]

MAX_EXACT = 2**53  # Go reads every number as a float64, in which whole numbers end to be exact here
SURROGATE = re.compile("[\ud800-\udfff]")
SPACE = re.compile(r"[ \t\n\r]*+")
STRING = re.compile(r'"[^"\\\x00-\x1f]*+(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*+)*+')
HEX = re.compile(r"\\u[0-9a-fA-F]{0,3}")  # four would have been an escape
NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*+)(?P<fraction>\.[0-9]++)?(?P<exponent>[eE][+-]?[0-9]++)?")
LITERALS = {"t": "true", "f": "false", "n": "null"}
MAX_DEPTH = 10_000  # open brackets that Go allows; is_shallow allows fewer
KINDS = {str: "string", bool: "bool", int: "number", float: "number", list: "array"}


class JSONError(ValueError):
    """The text is not JSON, or not of the kind that is wanted; in Go's words."""


def read_json(text: str) -> Any:
    """The value that a text is, with white space around it at most. Raises JSONError."""
    value, end = first_value(text)
    if SPACE.fullmatch(text, end) is None:
        _Complaint(text).make()
    return value


def first_value(text: str, at: int = 0) -> tuple[Any, int]:
    """The JSON value that begins at a place, and where it ends. Raises JSONError."""
    found = SPACE.match(text, at)
    start = found.end() if found else at
    try:
        value, end = DECODER.raw_decode(text, start)
        if not is_shallow(value):
            raise JSONError("exceeded max depth")
        return _clean(value), end
    except JSONError:
        raise
    except (ValueError, RecursionError):
        _Complaint(text[start:]).make()


def read_object(text: str, kind: str = "map[string]interface {}") -> dict[str, Any]:
    """The object that a text is; null is an empty one. Raises JSONError, which names Go's kind."""
    value = read_json(text)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise JSONError(f"json: cannot unmarshal {kind_of(value)} into Go value of type {kind}")
    return value


def kind_of(value: Any) -> str:
    """What Go calls a kind of JSON."""
    return KINDS.get(type(value), "object")


def _refuse(constant: str) -> NoReturn:
    """NaN and Infinity, which Python reads and Go does not."""
    raise ValueError(constant)


def _whole(literal: str) -> int | float:
    """A whole number as the float64 that Go makes of it, written as an int where that is exact."""
    value = float(literal)
    return int(value) if abs(value) <= MAX_EXACT else _finite(value, literal)


def _float(literal: str) -> float:
    return _finite(float(literal), literal)


def _finite(value: float, literal: str) -> float:
    if value - value != 0:
        raise JSONError(
            f"json: cannot unmarshal number {literal[:64]} into Go value of type float64"
        )
    return value


DECODER = json.JSONDecoder(parse_int=_whole, parse_float=_float, parse_constant=_refuse)


def _clean(value: Any) -> Any:
    """The value with U+FFFD for halves of surrogate pairs, which escapes can make."""
    if isinstance(value, str):
        return value if value.isascii() else SURROGATE.sub("\ufffd", value)
    if isinstance(value, list):
        return [_clean(item) for item in value]
    if isinstance(value, dict):
        return {_clean(key): _clean(item) for key, item in value.items()}
    return value


class _Complaint:
    """A walk through a text that is no JSON, up to where Go stops."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.closers: list[str] = []  # the brackets that are due, the innermost last

    def make(self) -> NoReturn:
        """Raise JSONError with what is wrong."""
        while self._opens() or self._continues():
            pass
        if self._skip():
            self._fail("after top-level value")
        raise JSONError("exceeded max depth")  # of Python's scanner, the only fault left

    def _opens(self) -> bool:
        """Pass a scalar, or the opening of a container; whether a value in that comes next."""
        char = self._skip()
        if char not in ("{", "["):
            self._scalar(char)
            return False
        if len(self.closers) == MAX_DEPTH:
            self._fail("exceeded max depth")
        self.at += 1
        closer = "}" if char == "{" else "]"
        if self._skip() == closer:
            self.at += 1
            return False
        self.closers.append(closer)
        if char == "{":
            self._key()
        return True

    def _continues(self) -> bool:
        """Leave the containers that end here; whether another value of an outer one follows."""
        while self.closers:
            char = self._skip()
            in_object = self.closers[-1] == "}"
            if char == ",":
                self.at += 1
                if in_object:
                    self._key()
                return True
            if char != self.closers[-1]:
                self._fail("after object key:value pair" if in_object else "after array element")
            self.at += 1
            self.closers.pop()
        return False

    def _key(self) -> None:
        if self._skip() != '"':
            self._fail("looking for beginning of object key string")
        self._string()
        if self._skip() != ":":
            self._fail("after object key")
        self.at += 1

    def _scalar(self, char: str) -> None:
        if char == '"':
            self._string()
        elif char in LITERALS:
            self._literal(LITERALS[char])
        elif char and char in "-0123456789":
            self._number()
        else:
            self._fail("looking for beginning of value")

    def _string(self) -> None:
        found = STRING.match(self.text, self.at)
        assert found is not None  # a quote stands here
        self.at = found.end()
        if self._here() == '"':
            self.at += 1
            return
        if self._here() != "\\":
            self._fail("in string literal")
        unicode = HEX.match(self.text, self.at)
        self.at = unicode.end() if unicode else self.at + 1
        self._fail("in \\u hexadecimal character escape" if unicode else "in string escape code")

    def _number(self) -> None:
        found = NUMBER.match(self.text, self.at)
        self.at = found.end() if found else self.at + 1
        if found is None:  # a minus sign alone
            self._fail("in numeric literal")
        follows = self._here()
        if not follows or found["exponent"]:
            return
        if follows == "." and not found["fraction"]:
            self.at += 1
            self._fail("after decimal point in numeric literal")
        if follows in "eE":
            self.at += 1
            self.at += self._here() in ("+", "-")
            self._fail("in exponent of numeric literal")

    def _literal(self, word: str) -> None:
        for expected in word:
            if self._here() != expected:
                self._fail(f"in literal {word} (expecting '{expected}')")
            self.at += 1

    def _here(self) -> str:
        return self.text[self.at : self.at + 1]

    def _skip(self) -> str:
        """Pass white space; the character that follows."""
        found = SPACE.match(self.text, self.at)
        self.at = found.end() if found else self.at
        return self._here()

    def _fail(self, where: str) -> NoReturn:
        """Complain of the character that stands here, or of the end."""
        if self.at >= len(self.text):
            raise JSONError("unexpected end of JSON input")
        raise JSONError(f"invalid character {_quoted(self._here())} {where}")


def _quoted(char: str) -> str:
    """A character as Go shows it: its first byte in UTF-8, read as Latin-1, in single quotes."""
    byte = chr(char.encode("utf-8", "replace")[0])
    special = {"'": "'\\''", '"': "'\"'"}
    return special.get(byte) or f"'{go_quoted(byte)[1:-1]}'"
