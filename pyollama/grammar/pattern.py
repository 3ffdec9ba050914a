"""The keyword `pattern`: a regular expression of JavaScript, for the text of a JSON string.

Every character of the pattern is replaced by how a JSON string spells it. What the parser of
grammars has no words for (references back, word boundaries) is refused; look-around is skipped.
"""

import logging

import regex

from pyollama.grammar.characters import (
    DIGITS,
    LINE_ENDS,
    SPACES,
    WORD,
    Range,
    any_of,
    complement,
    in_string,
    literal,
)
from pyollama.grammar.errors import SchemaError

MAX_DEPTH = 50  # of groups
MAX_LENGTH = 10_000  # characters of a pattern
MAX_REPEAT = 100_000

ANCHORS = "Pattern must start with '^' and end with '$'"
UNSUPPORTED = "Unsupported pattern syntax"

LOOK_AROUND = regex.compile(r"\?(?:<?[=!])")
GROUP_NAME = regex.compile(r"\?(?::|<\w+>)")
REPEAT = regex.compile(r"\{([0-9]{1,9})(,?)([0-9]{0,9})\}")
HEX = regex.compile(r"x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|u\{([0-9a-fA-F]{1,6})\}")

CONTROLS = {"t": 0x09, "n": 0x0A, "v": 0x0B, "f": 0x0C, "r": 0x0D, "0": 0x00}
CLASSES = {
    "d": DIGITS,
    "w": WORD,
    "s": SPACES,
    "D": complement(DIGITS),
    "W": complement(WORD),
    "S": complement(SPACES),
}

logger = logging.getLogger(__name__)


def pattern_expression(pattern: str) -> str:
    """What stands between the quotes of a string that matches. Raises SchemaError."""
    if len(pattern) > MAX_LENGTH:
        raise SchemaError("Pattern is too long")
    escaped_end = regex.search(r"(?<!\\)(?:\\\\)*\\\$\Z", pattern)
    if len(pattern) < 2 or pattern[0] != "^" or pattern[-1] != "$" or escaped_end:
        raise SchemaError(ANCHORS)
    return _Reader(pattern[1:-1]).whole()


class _Reader:
    """Reads a pattern from the left, by recursive descent: alternatives, sequence, item, atom."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.place = 0

    def whole(self) -> str:
        expression = self._alternatives(0)
        if self.place < len(self.text):  # at a parenthesis that nothing has opened
            raise SchemaError("Unbalanced parentheses")
        return expression

    @property
    def _next(self) -> str:
        """The next character, "" at the end."""
        return self.text[self.place : self.place + 1]

    def _take(self) -> str:
        taken = self._next
        if not taken:
            raise SchemaError(UNSUPPORTED)
        self.place += 1
        return taken

    def _match(self, expression: "regex.Pattern[str]") -> "regex.Match[str] | None":
        """Read what an expression matches here, if it does."""
        found = expression.match(self.text, self.place)
        if found:
            self.place = found.end()
        return found

    def _alternatives(self, depth: int) -> str:
        if depth > MAX_DEPTH:
            raise SchemaError("Pattern is nested too deeply")
        parts = [self._sequence(depth)]
        while self._next == "|":
            self.place += 1
            parts.append(self._sequence(depth))
        return f"(?:{'|'.join(parts)})"

    def _sequence(self, depth: int) -> str:
        items: list[str] = []
        while self._next not in ("", "|", ")"):
            items.append(self._item(depth, at_start=not any(items)))
        return "".join(items)

    def _item(self, depth: int, at_start: bool) -> str:
        """An atom, and how often it comes. "" for what only looks at a place."""
        if self._next in ("^", "$"):
            return self._anchor(at_start)
        atom = self._atom(depth)
        often = self._repetition()
        return atom and atom + often

    def _anchor(self, at_start: bool) -> str:
        """Nothing, for an anchor at an edge of an alternative, where it says nothing new."""
        is_at_edge = at_start if self._take() == "^" else self._next in ("", "|", ")")
        if not is_at_edge:
            raise SchemaError(UNSUPPORTED)
        return ""

    def _repetition(self) -> str:
        """The quantifier here, without the mark that makes it lazy."""
        often = ""
        if self._next and self._next in "*+?":
            often = self._take()
        elif found := self._match(REPEAT):
            least, comma, most = found.groups()
            often = found.group()
            if int(most or least) > MAX_REPEAT or (most and int(least) > int(most)):
                raise SchemaError(f"Invalid repetition in pattern: {often}")
            if most and not comma:
                raise SchemaError(UNSUPPORTED)
        if often and self._next == "?":
            self.place += 1
        if often and self._next and self._next in "*+?":
            raise SchemaError(UNSUPPORTED)
        return often

    def _atom(self, depth: int) -> str:
        character = self._take()
        if character == "(":
            return self._group(depth)
        if character == "[":
            return self._class()
        if character == ".":
            return any_of(complement(LINE_ENDS))
        if character == "\\":
            return any_of(self._escape())
        if character in "*+?":
            raise SchemaError(UNSUPPORTED)
        return f"(?:{literal(in_string(ord(character)))})"  # which an escape makes several

    def _group(self, depth: int) -> str:
        """A group; one that only looks ahead or behind is read and left out."""
        looks_around = self._match(LOOK_AROUND)
        if not looks_around and not self._match(GROUP_NAME) and self._next == "?":
            raise SchemaError(UNSUPPORTED)
        expression = self._alternatives(depth + 1)
        if self._next != ")":
            raise SchemaError("Unbalanced parentheses")
        self.place += 1
        if looks_around:
            logger.warning("look-around in a pattern is skipped: %.200s", self.text)
        return "" if looks_around else expression

    def _class(self) -> str:
        """One character of a set in brackets, whose opening one has been read."""
        negated = self._next == "^"
        self.place += negated
        ranges: list[Range] = []
        while self._next != "]":
            ranges += self._class_range()
        self.place += 1
        expression = any_of(complement(ranges) if negated else ranges)
        if not expression:
            raise SchemaError(f"Empty character class in pattern: {self.text[:200]}")
        return expression

    def _class_range(self) -> list[Range]:
        """One character, one class or one range between brackets."""
        first = self._class_atom()
        ends_here = self.text[self.place : self.place + 2] in ("-]", "")
        if self._next != "-" or ends_here or len(first) > 1 or first[0][0] != first[0][1]:
            return first
        self.place += 1
        last = self._class_atom()
        if len(last) > 1 or last[0][0] != last[0][1] or first[0][0] > last[0][0]:
            raise SchemaError(f"Invalid range in pattern: {self.text[:200]}")
        return [(first[0][0], last[0][0])]

    def _class_atom(self) -> list[Range]:
        if not self._next:
            raise SchemaError("Unbalanced square brackets")
        character = self._take()
        if character == "\\":
            if self._next == "b":  # a backspace between brackets
                self.place += 1
                return [(0x08, 0x08)]
            return self._escape()
        return [(ord(character), ord(character))]

    def _escape(self) -> list[Range]:
        """The characters that an escape stands for, whose backslash has been read."""
        if found := self._match(HEX):
            code = int(next(filter(None, found.groups())), 16)
            if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
                raise SchemaError(UNSUPPORTED)
            return [(code, code)]
        name = self._take()
        if name in CLASSES:
            return CLASSES[name]
        if name.isalnum() and name not in CONTROLS:
            raise SchemaError(UNSUPPORTED)
        code = CONTROLS.get(name, ord(name))
        return [(code, code)]
