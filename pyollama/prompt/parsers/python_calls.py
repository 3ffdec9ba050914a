"""Calls that are written as in Python: [get_weather(city="Paris", days=3), get_time()].

Values may be literals of Python or of JSON, and a bare word is a string. Escapes inside of strings
stay as they are written, unless a family means them.
"""

import re
from typing import Any, NoReturn

from pyollama.prompt.parsers.machine import SPACE
from pyollama.prompt.parsers.values import typed_value

__all__ = ["CallsError", "read_calls"]

MAX_DEPTH = 64  # of lists and objects inside each other
SPACES = re.compile(f"[{SPACE}]*+")
NAME = re.compile(r"[\w.-]++")
STRING = re.compile(r""""((?:[^"\\]++|\\.)*+)"|'((?:[^'\\]++|\\.)*+)'""", re.DOTALL)
WORD = re.compile(r"""[^,()\[\]{}"'=:]++""")
CONSTANTS = {"True": True, "true": True, "False": False, "false": False}
NULLS = ("None", "null")
ESCAPE = re.compile(r"""\\([\\"'ntr])""")
ESCAPED = {"n": "\n", "t": "\t", "r": "\r"}


class CallsError(ValueError):
    """The text is no list of calls."""


def read_calls(text: str, *, escapes: bool = False) -> list[tuple[str, dict[str, Any]]]:
    """The names and arguments of one call or more, with or without brackets. Raises CallsError.

    escapes: whether a backslash in a string means something
    """
    return _Reader(text, escapes).calls()


class _Reader:
    """Reads a text from left to right, once."""

    def __init__(self, text: str, escapes: bool) -> None:
        self.text = text
        self.at = 0
        self.escapes = escapes

    def calls(self) -> list[tuple[str, dict[str, Any]]]:
        """All calls; nothing may follow them."""
        has_bracket = self.takes("[")
        calls = [self.call()]
        while self.takes(","):
            if has_bracket and self.here() == "]":  # a comma after the last one does no harm
                break
            calls.append(self.call())
        if has_bracket:
            self.expect("]")
        if self.here():
            self.fail()
        return calls

    def call(self) -> tuple[str, dict[str, Any]]:
        """A name, and arguments in parentheses."""
        name = self.match(NAME)
        self.expect("(")
        arguments = {}
        while not self.takes(")"):
            key = self.match(NAME)
            self.expect("=")
            arguments[key] = self.value(0)
            if not self.takes(","):
                self.expect(")")
                break
        return name, arguments

    def value(self, depth: int) -> Any:
        """A value of any kind."""
        char = self.here()
        if depth > MAX_DEPTH:
            self.fail()
        if char in ('"', "'"):
            return self.string()
        if char == "[":
            return self.items(depth)
        if char == "{":
            return self.pairs(depth)
        return constant(self.match(WORD).rstrip(SPACE))

    def items(self, depth: int) -> list[Any]:
        """A list."""
        self.expect("[")
        items = []
        while not self.takes("]"):
            items.append(self.value(depth + 1))
            if not self.takes(","):
                self.expect("]")
                break
        return items

    def pairs(self, depth: int) -> dict[str, Any]:
        """An object; its keys may be bare words."""
        self.expect("{")
        pairs = {}
        while not self.takes("}"):
            is_string = self.here() in ('"', "'")
            key = self.string() if is_string else self.match(WORD).rstrip(SPACE)
            self.expect(":")
            pairs[key] = self.value(depth + 1)
            if not self.takes(","):
                self.expect("}")
                break
        return pairs

    def string(self) -> str:
        """What stands between two quotes."""
        text = self.match(STRING)[1:-1]
        if not self.escapes:
            return text
        return ESCAPE.sub(lambda match: ESCAPED.get(match[1], match[1]), text)

    def here(self) -> str:
        """The next character that is no white space; "" at the end."""
        spaces = SPACES.match(self.text, self.at)
        self.at = spaces.end() if spaces else self.at
        return self.text[self.at : self.at + 1]

    def takes(self, char: str) -> bool:
        """Pass a character if it comes next."""
        found = self.here() == char
        self.at += found
        return found

    def expect(self, char: str) -> None:
        """Pass a character that must come next."""
        if not self.takes(char):
            self.fail()

    def match(self, pattern: re.Pattern[str]) -> str:
        """Pass what must come next."""
        self.here()
        found = pattern.match(self.text, self.at)
        if found is None:
            self.fail()
        self.at = found.end()
        return found[0]

    def fail(self) -> NoReturn:
        """This is no list of calls."""
        raise CallsError(f"no calls from character {self.at} on")


def constant(word: str) -> Any:
    """What a bare word means: a constant, a number, or itself."""
    if word in NULLS:
        return None
    if word in CONSTANTS:
        return CONSTANTS[word]
    return typed_value(word, ("integer", "number")) if word[-1:].isdigit() else word
