"""The text of a template cut into tokens: plain text, and inside ``{{`` and ``}}`` small words.

White space inside an action is a token too, since it separates the operands of a call: ``f .A.B``
has one operand, ``f .A .B`` two. Faults are tokens of kind ERROR, which the parser reports when it
comes to them. Source of the rules: the documentation of Go's text/template.
"""

import re
from collections.abc import Iterator
from enum import Enum, auto
from typing import NamedTuple

__all__ = ["KEYWORDS", "Kind", "Token", "character", "tokens"]

LEFT, RIGHT = "{{", "}}"
BLANKS = " \t\r\n"
KEYWORDS = frozenset(
    ("block", "break", "continue", "define", "else", "end", "if", "nil", "range", "template")
) | {"with"}

WORD = re.compile(r"\w*")
SPACE = re.compile(r"[ \t\r\n]*")
STRING = re.compile(r'"(?:[^"\\\n]|\\[^\n])*"', re.DOTALL)
CHARACTER = re.compile(r"'(?:[^'\\\n]|\\[^\n])*'", re.DOTALL)
NUMBER = re.compile(
    r"[+-]?(?:0[xX][0-9a-fA-F_]*(?:\.[0-9a-fA-F_]*)?(?:[pP][+-]?[0-9_]+)?"
    r"|0[oO][0-7_]*|0[bB][01_]*"
    r"|[0-9_]*(?:\.[0-9_]*)?(?:[eE][+-]?[0-9_]*)?)"
)


class Kind(Enum):
    """What a token is."""

    TEXT = auto()
    LEFT = auto()
    RIGHT = auto()
    SPACE = auto()
    KEYWORD = auto()
    IDENTIFIER = auto()
    BOOL = auto()
    DOT = auto()
    FIELD = auto()  # with its dot
    VARIABLE = auto()  # with its dollar sign
    NUMBER = auto()
    CHARACTER = auto()
    STRING = auto()
    RAW_STRING = auto()
    PIPE = auto()
    DECLARE = auto()
    ASSIGN = auto()
    OPEN = auto()
    CLOSE = auto()
    CHAR = auto()  # any other printable ASCII character, such as a comma
    EOF = auto()
    ERROR = auto()  # its text says what is wrong


SIMPLE = {"=": Kind.ASSIGN, "|": Kind.PIPE}


class Token(NamedTuple):
    """One token: where it starts, as an index and as a line from 1."""

    kind: Kind
    text: str
    position: int
    line: int


def tokens(source: str) -> Iterator[Token]:
    """The tokens of a template, up to and with EOF or the first ERROR."""
    return Lexer(source).run()


def character(char: str) -> str:
    """A character as errors name it: U+002F '/'."""
    name = f"U+{ord(char):04X}"
    return f"{name} '{char}'" if char.isprintable() else name


class Lexer:
    """A position in the source, and the line it is on."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.position = 0
        self.line = 1
        self.depth = 0  # open parentheses of the action
        self.trims = False  # whether the text that comes next loses its leading white space

    def run(self) -> Iterator[Token]:
        """Text and actions by turns."""
        token = None
        for token in self._pieces():
            yield token
            if token.kind is Kind.ERROR:
                return
        yield self._token(Kind.EOF, 0)

    def _pieces(self) -> Iterator[Token]:
        while self.position < len(self.source):
            start = self.source.find(LEFT, self.position)
            end = len(self.source) if start < 0 else start
            yield from self._text(end)
            if start >= 0:
                yield from self._action()

    def _text(self, end: int) -> Iterator[Token]:
        """Plain text up to end, less what the delimiters around it trim."""
        text = self.source[self.position : end]
        kept = text.lstrip(BLANKS) if self.trims else text
        self.trims = False
        self._skip(len(text) - len(kept))
        if self._trims_left(end):
            kept = kept.rstrip(BLANKS)
        if kept:
            yield self._token(Kind.TEXT, len(kept))
        self._skip(end - self.position)

    def _trims_left(self, at: int) -> bool:
        marker = self.source[at + len(LEFT) : at + len(LEFT) + 2]
        return len(marker) == 2 and marker[0] == "-" and marker[1] in BLANKS

    def _action(self) -> Iterator[Token]:
        """A delimiter, then tokens up to the other; nothing for a comment."""
        width = len(LEFT) + (2 if self._trims_left(self.position) else 0)
        if self.source.startswith("/*", self.position + width):
            yield from self._comment(width)
            return
        yield self._token(Kind.LEFT, len(LEFT))
        self._skip(width - len(LEFT))
        self.depth = 0
        while True:
            closing = self._closing(self.position)
            if closing:
                yield self._close(closing)
                return
            token = self._inside()
            yield token
            if token.kind is Kind.ERROR:
                return

    def _closing(self, at: int) -> int:
        """How long the right delimiter here is, with its trim marker; 0 if there is none."""
        if self.source.startswith(RIGHT, at):
            return len(RIGHT)
        marked = self.source[at : at + 1] in tuple(BLANKS) and self.source.startswith(
            "-" + RIGHT, at + 1
        )
        return 2 + len(RIGHT) if marked else 0

    def _close(self, width: int) -> Token:
        """The right delimiter."""
        if self.depth:
            return self._error("unclosed left paren")
        self.trims = width > len(RIGHT)
        return self._token(Kind.RIGHT, width)

    def _comment(self, width: int) -> Iterator[Token]:
        end = self.source.find("*/", self.position + width + 2)
        if end < 0:
            self._skip(width)
            yield self._error("unclosed comment")
            return
        closing = self._closing(end + 2)
        self._skip(end + 2 - self.position)
        if not closing:
            yield self._error("comment ends before closing delimiter")
            return
        self.trims = closing > len(RIGHT)
        self._skip(closing)

    def _inside(self) -> Token:
        """One token of an action."""
        rest = self.source[self.position : self.position + 2]
        if not rest:
            return self._error("unclosed action")
        first = rest[0]
        if first in BLANKS:
            return self._space()
        if first in "\"`'":
            return self._quoted(first)
        if first in "$." and not (first == "." and rest[1:].isdigit()):
            return self._field_or_variable(first)
        if first in "+-." or (first.isascii() and first.isdigit()):
            return self._number()
        if first == "_" or first.isalpha() or first.isdigit():
            return self._word()
        return self._sign(first, rest)

    def _sign(self, first: str, rest: str) -> Token:
        """A token that is no word: an operator or a parenthesis."""
        if first == ":":
            return self._token(Kind.DECLARE, 2) if rest == ":=" else self._error("expected :=")
        if first == "(":
            self.depth += 1
            return self._token(Kind.OPEN, 1)
        if first == ")":
            self.depth -= 1
            if self.depth < 0:
                return self._error("unexpected right paren")
            return self._token(Kind.CLOSE, 1)
        if first in SIMPLE:
            return self._token(SIMPLE[first], 1)
        if first.isascii() and first.isprintable():
            return self._token(Kind.CHAR, 1)
        return self._error(f"unrecognized character in action: {character(first)}")

    def _space(self) -> Token:
        """White space, up to that which belongs to a trimming delimiter."""
        width = len(self._match(SPACE))
        if self._closing(self.position + width - 1) > len(RIGHT):
            width -= 1
        return self._token(Kind.SPACE, width)

    def _quoted(self, quote: str) -> Token:
        if quote == "`":
            end = self.source.find("`", self.position + 1)
            if end < 0:
                return self._error("unterminated raw quoted string")
            return self._token(Kind.RAW_STRING, end + 1 - self.position)
        text = self._match(STRING if quote == '"' else CHARACTER)
        if text:
            return self._token(Kind.STRING if quote == '"' else Kind.CHARACTER, len(text))
        what = "quoted string" if quote == '"' else "character constant"
        return self._error(f"unterminated {what}")

    def _field_or_variable(self, first: str) -> Token:
        width = 1 + len(WORD.match(self.source, self.position + 1)[0])  # type: ignore[index]
        if not self._ends(self.position + width):
            return self._bad(self.position + width)
        if first == "$":
            return self._token(Kind.VARIABLE, width)
        return self._token(Kind.FIELD if width > 1 else Kind.DOT, width)

    def _number(self) -> Token:
        width = len(self._match(NUMBER))
        if not self._match(NUMBER).strip("+-") or not self._ends_number(self.position + width):
            wrong = self.source[self.position : self.position + width + 1]
            return self._error(f'bad number syntax: "{wrong}"')
        return self._token(Kind.NUMBER, width)

    def _ends_number(self, at: int) -> bool:
        after = self.source[at : at + 1]
        return not (after == "_" or after.isalnum())

    def _word(self) -> Token:
        word = self._match(WORD)
        if not self._ends(self.position + len(word)):
            return self._bad(self.position + len(word))
        if word in KEYWORDS:
            return self._token(Kind.KEYWORD, len(word))
        kind = Kind.BOOL if word in ("true", "false") else Kind.IDENTIFIER
        return self._token(kind, len(word))

    def _ends(self, at: int) -> bool:
        """Whether a word may end here."""
        after = self.source[at : at + 1]
        return not after or after in " \t\r\n.,|:()" or self.source.startswith(RIGHT, at)

    def _bad(self, at: int) -> Token:
        return self._error(f"bad character {character(self.source[at])}")

    def _match(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self.source, self.position)
        return found[0] if found else ""

    def _token(self, kind: Kind, width: int) -> Token:
        """The token of the next characters, which are passed."""
        text = self.source[self.position : self.position + width]
        token = Token(kind, text, self.position, self.line)
        self._skip(width)
        return token

    def _error(self, message: str) -> Token:
        return Token(Kind.ERROR, message, self.position, self.line)

    def _skip(self, width: int) -> None:
        self.line += self.source.count("\n", self.position, self.position + width)
        self.position += width
