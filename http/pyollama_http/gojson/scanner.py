"""JSON text into a tree, with the rules and the error texts of Go's encoding/json.

The tree keeps what Go's decoder looks at and Python's would lose: an object is Pairs (order and
duplicate keys), a number is Number (its literal, of any length: nothing is converted here). Strings
may still hold lone surrogates; text.clean replaces them when a string is used.

parse() takes the standard library's scanner, which is written in C, where its rules are Go's: a
body that is one well-formed object of moderate nesting and size. Everything else, every error
included, goes to scan(), which reads the bytes itself without recursion, and is interrupted for
other threads. A property test holds the two together.
"""

import json
import re
from typing import Any, NoReturn

from pyollama.errors import BadRequest
from pyollama_http.gojson.text import BYTEWISE, quote_byte

__all__ = [
    "MAX_DEPTH",
    "MISSING_BODY",
    "DecodeError",
    "Number",
    "Pairs",
    "Tree",
    "n_values",
    "parse",
    "scan",
    "unmarshal",
]

MISSING_BODY = "missing request body"
MAX_DEPTH = 10_000  # open brackets that Go allows
MAX_DIGITS = 1 << 24  # characters of a number; Go has no limit

HEX = re.compile(rb"[0-9a-fA-F]{0,3}")  # four would have been an escape
SPACE = re.compile(rb"[ \t\n\r]*+")
STRING = re.compile(
    rb'"[^"\\\x00-\x1f]*+(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*+)*+'
)  # up to its end or its first fault
NUMBER = re.compile(rb"-?(?:0|[1-9][0-9]*+)(?P<fraction>\.[0-9]++)?(?P<exponent>[eE][+-]?[0-9]++)?")
SPECIAL = bytes(range(0x20)) + b"\\"  # what a string cannot hold, or only as an escape
INSIDE = re.compile(rb'(?:[^"\\]++|\\.)*+', re.DOTALL)  # a string's characters, faults and all
WINDOW = 1 << 20  # bytes that are looked at before other threads may go on
MAX_QUICK = 50_000  # strings and containers that the C scanner takes some 10 ms for
LONG = 4096  # bytes from which it pays to look for SPECIAL first
LITERALS: dict[bytes, tuple[bytes, bool | None]] = {
    b"t": (b"true", True),
    b"f": (b"false", False),
    b"n": (b"null", None),
}


class DecodeError(BadRequest):
    """The body is not what the endpoint takes; the text is Go's."""


class Pairs(list[tuple[str, Any]]):
    """An object: its keys and values in document order, duplicates included."""

    __slots__ = ()


class Number(str):
    """The literal of a number."""

    __slots__ = ()


Tree = Any  # Pairs | list[Tree] | str | Number | bool | None
Span = tuple[int, int]  # first byte, and one past the last


def _refuse(constant: str) -> NoReturn:
    """NaN and Infinity, which Python reads and Go does not."""
    raise ValueError(constant)


def _number(literal: str) -> Number:
    """Keep the literal. A function, since the C scanner lets other threads go on only here."""
    if len(literal) > MAX_DIGITS:
        raise ValueError("too long")
    return Number(literal)


C_SCANNER = json.JSONDecoder(
    object_pairs_hook=Pairs, parse_int=_number, parse_float=_number, parse_constant=_refuse
)


def parse(body: bytes, if_empty: str = MISSING_BODY) -> Tree:
    """The first JSON value of a body; what follows it is ignored.

    Raises DecodeError: if_empty for nothing but blanks, else Go's syntax error.
    """
    start = _end(SPACE, body, 0)
    if start == len(body):
        raise DecodeError(if_empty)
    openers, quotes = _count(body, b"[") + _count(body, b"{"), _count(body, b'"')
    is_quick = openers <= MAX_DEPTH and openers + quotes <= MAX_QUICK
    if body[start] == 0x7B and is_quick:
        try:
            return C_SCANNER.raw_decode(body.decode("utf-8", BYTEWISE), start)[0]
        except (ValueError, RecursionError):
            pass  # ill-formed, or nested deeper than the C stack allows: scan() knows
    return scan(body)[0]


def unmarshal(text: bytes) -> Tree:
    """The one JSON value that a text is, as Go's Unmarshal reads it.

    Raises DecodeError, for what follows the value too.
    """
    scanner = _Scanner(text)
    try:
        tree, _ = scanner.read()
    except DecodeError as error:
        if str(error) == "unexpected EOF":
            raise DecodeError("unexpected end of JSON input") from error
        raise
    scanner.finish()
    return tree


def n_values(body: bytes, limit: int) -> int:
    """At least how many values a body has; more than the limit only if it really has more.

    Each value but the first comes after a comma or an opening bracket. These are counted wherever
    they stand, and only if that is too many, outside of strings: most long bodies are long texts.
    """
    at_most = 1 + sum(_count(body, mark) for mark in (b",", b"[", b"{"))
    return at_most if at_most <= limit else 1 + _marks_outside_strings(body, limit)


def _marks_outside_strings(body: bytes, limit: int) -> int:
    """How many commas and opening brackets there are; counting ends beyond the limit."""
    count = at = 0
    while at < len(body) and count <= limit:
        quote = body.find(b'"', at)
        end = len(body) if quote < 0 else quote
        count += _count(body, b",", at, end) + _count(body, b"[", at, end)
        count += _count(body, b"{", at, end)
        at = end if quote < 0 else _past_string(body, quote)
    return count


def _past_string(body: bytes, quote: int) -> int:
    """Where the string that begins with this quote is over, looking at a window at a time."""
    at = quote + 1
    while at < len(body) and body[at] != 0x22:
        match = INSIDE.match(body, at, at + WINDOW)
        assert match is not None
        at = match.end() if match.end() > at else len(body)  # a backslash ends the body
    return at + 1


def _count(body: bytes, mark: bytes, start: int = 0, end: int | None = None) -> int:
    """How often a byte occurs, a window at a time."""
    end = len(body) if end is None else end
    if end - start <= WINDOW:
        return body.count(mark, start, end)
    windows = range(start, end, WINDOW)
    return sum(body.count(mark, at, min(at + WINDOW, end)) for at in windows)


def scan(body: bytes) -> tuple[Tree, list[Span]]:
    """The first JSON value of a body, and where the values of the outermost container stand."""
    return _Scanner(body).read()


class _Scanner:
    """A stack of open containers and a place in the bytes."""

    def __init__(self, body: bytes) -> None:
        self.body = body
        self.at = 0
        self.open: list[Pairs | list[Tree]] = []
        self.keys: list[str] = []  # the key that waits for its value, of each open object
        self.spans: list[Span] = []

    def read(self) -> tuple[Tree, list[Span]]:
        """Read one value of any depth."""
        start = 0
        while True:
            self._skip()
            if len(self.open) == 1:
                start = self.at
            value, complete = self._begin()
            while complete:
                if not self.open:
                    return value, self.spans
                if len(self.open) == 1:
                    self.spans.append((start, self.at))
                value, complete = self._attach(value)

    def finish(self) -> None:
        """Complain of what follows the value."""
        self._skip()
        if self.at < len(self.body):
            self._fail("after top-level value")

    def _begin(self) -> tuple[Tree, bool]:
        """Start the value that stands here; whether it is complete, as all but containers are."""
        byte = self.body[self.at : self.at + 1]
        if byte == b"{":
            return self._enter(Pairs(), b"}")
        if byte == b"[":
            return self._enter([], b"]")
        return self._scalar(byte), True

    def _enter(self, container: Pairs | list[Tree], closer: bytes) -> tuple[Tree, bool]:
        """Open a container; it is complete at once if it is empty."""
        if len(self.open) == MAX_DEPTH:
            self._fail("exceeded max depth")
        self.at += 1
        self._skip()
        if self.body[self.at : self.at + 1] == closer:
            self.at += 1
            return container, True
        self.open.append(container)
        if isinstance(container, Pairs):
            self._key()
        return None, False

    def _attach(self, value: Tree) -> tuple[Tree, bool]:
        """Put a complete value into the innermost container, which may complete that."""
        container = self.open[-1]
        is_object = isinstance(container, Pairs)
        container.append((self.keys.pop(), value) if is_object else value)
        self._skip()
        byte = self.body[self.at : self.at + 1]
        if byte == b",":
            self.at += 1
            if is_object:
                self._skip()
                self._key()
            return None, False
        if byte != (b"}" if is_object else b"]"):
            self._fail("after object key:value pair" if is_object else "after array element")
        self.at += 1
        return self.open.pop(), True

    def _key(self) -> None:
        """Read a key and its colon."""
        if self.body[self.at : self.at + 1] != b'"':
            self._fail("looking for beginning of object key string")
        self.keys.append(self._string())
        self._skip()
        if self.body[self.at : self.at + 1] != b":":
            self._fail("after object key")
        self.at += 1

    def _scalar(self, byte: bytes) -> Tree:
        """Read a string, a number or a literal."""
        if byte == b'"':
            return self._string()
        if byte in LITERALS:
            return self._literal(*LITERALS[byte])
        if byte and byte in b"-0123456789":
            return self._number()
        return self._fail("looking for beginning of value")

    def _string(self) -> str:
        """Read a string; the standard library resolves its escapes."""
        start = self.at
        self.at = self._simple_end() or _end(STRING, self.body, start)
        if self.body[self.at : self.at + 1] == b'"':
            self.at += 1
            text: str = json.loads(self.body[start : self.at].decode("utf-8", BYTEWISE))
            return text
        if self.body[self.at : self.at + 1] != b"\\":
            self._fail("in string literal")
        self.at += 1
        if self.body[self.at : self.at + 1] != b"u":
            self._fail("in string escape code")
        self.at += 1
        self.at = _end(HEX, self.body, self.at)
        return self._fail("in \\u hexadecimal character escape")

    def _simple_end(self) -> int | None:
        """Where the closing quote is, for a long string without escapes such as an image."""
        quote = self.body.find(b'"', self.at + 1)
        inside = self.body[self.at + 1 : max(quote, 0)]
        is_simple = len(inside) > LONG and len(inside) == len(inside.translate(None, SPECIAL))
        return quote if is_simple else None

    def _number(self) -> Number:
        """Read a number and keep its literal."""
        match = NUMBER.match(self.body, self.at)
        self.at = match.end() if match else self.at + 1
        if match is None:  # a minus sign alone
            self._fail("in numeric literal")
        follows = self.body[self.at : self.at + 1]
        if follows and not match["exponent"]:
            if follows == b"." and not match["fraction"]:
                self.at += 1
                self._fail("after decimal point in numeric literal")
            if follows in b"eE":
                self.at += 1
                if self.body[self.at : self.at + 1] in (b"+", b"-"):
                    self.at += 1
                self._fail("in exponent of numeric literal")
        if match.end() - match.start() > MAX_DIGITS:
            raise DecodeError(f"number of more than {MAX_DIGITS} digits")
        return Number(match[0].decode("ascii"))

    def _literal(self, word: bytes, value: bool | None) -> bool | None:
        """Read true, false or null."""
        for expected in word:
            if self.body[self.at : self.at + 1] != bytes([expected]):
                self._fail(f"in literal {word.decode()} (expecting {quote_byte(expected)})")
            self.at += 1
        return value

    def _skip(self) -> None:
        """Go past white space."""
        self.at = _end(SPACE, self.body, self.at)

    def _fail(self, where: str) -> NoReturn:
        """Complain of the byte that stands here, or of the end of the body."""
        if self.at >= len(self.body):
            raise DecodeError("unexpected EOF")
        raise DecodeError(f"invalid character {quote_byte(self.body[self.at])} {where}")


def _end(pattern: re.Pattern[bytes], body: bytes, at: int) -> int:
    """Where a match of the pattern, which may be empty, ends."""
    match = pattern.match(body, at)
    assert match is not None
    return match.end()
