"""What parsers of answers are built of: tags found in pieces, white space held back, calls counted.

Every class here does work in proportion to the text that it gets, however that is cut up: none
looks again at text that it has passed, and none copies what it holds back for every piece.
"""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from pyollama.api import ToolCallFunction
from pyollama.prompt.delta import Delta

__all__ = ["SPACE", "Blanks", "Feed", "Gathered"]

SPACE = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(
    map(chr, range(0x2000, 0x200B))
)
"""What Go calls white space; Python's own strip() would also take U+001C to U+001F."""

NOTHING = Delta()


class Feed:
    """Text that comes in pieces and is taken out up to one tag after another."""

    def __init__(self, text: str = "") -> None:
        self.text = text
        self.at = 0  # what is before it has been taken

    def push(self, text: str) -> None:
        """Add a piece."""
        self.text = self.text[self.at :] + text
        self.at = 0

    def upto(self, tags: tuple[str, ...]) -> tuple[str, str]:
        """Take the text before the first of some tags, and that tag.

        Without a tag: take all but what may be the beginning of one, and "" for the tag. Of a tag
        and a longer one that begins with it, the one that is named first counts if both are there.
        """
        start = self.at
        found = _pattern(tags).search(self.text, start)
        if found is None:
            self.at = len(self.text)
            return self.text[start:], ""
        tag = found[0] if found[0] in tags else ""
        self.at = found.start() + len(tag)
        return self.text[start : found.start()], tag

    def take(self, length: int) -> str:
        """Take so many characters, or what there is."""
        start, self.at = self.at, min(self.at + length, len(self.text))
        return self.text[start : self.at]

    def space(self) -> str:
        """Take the white space that is next."""
        start, self.at = self.at, _past_space(self.text, self.at)
        return self.text[start : self.at]

    def skip_space(self) -> bool:
        """Pass over white space; whether anything comes after it."""
        self.at = _past_space(self.text, self.at)
        return self.at < len(self.text)

    def rest(self) -> str:
        """Take all that is left, beginnings of tags included."""
        text, self.text, self.at = self.text[self.at :], "", 0
        return text

    def __bool__(self) -> bool:
        """Whether anything is left."""
        return self.at < len(self.text)


class Blanks:
    """Holds white space at the end of a text back until it turns out not to be the end."""

    def __init__(self) -> None:
        self.held: list[str] = []

    def push(self, text: str) -> str:
        """What may be passed on now that this text has come."""
        solid = text.rstrip(SPACE)
        if not solid:
            if text:
                self.held.append(text)
            return ""
        shown = "".join(self.held) + solid
        self.held = [text[len(solid) :]] if len(solid) < len(text) else []
        return shown

    def drop(self) -> None:
        """Forget the held white space: a tag has come."""
        self.held = []

    def flush(self) -> str:
        """Take the held white space out."""
        held, self.held = "".join(self.held), []
        return held


class Gathered:
    """What one step of a parser has found so far; take() makes a Delta of it.

    Calls are counted over the whole answer.
    """

    def __init__(self) -> None:
        self.content: list[str] = []
        self.thinking: list[str] = []
        self.calls: list[ToolCallFunction] = []
        self.n_calls = 0

    def call(self, name: str, arguments: Mapping[str, Any]) -> None:
        """Note a call of a tool."""
        function = ToolCallFunction(index=self.n_calls, name=name, arguments=dict(arguments))
        self.calls.append(function)
        self.n_calls += 1

    def take(self) -> Delta:
        """What has come since the last time."""
        if not (self.content or self.thinking or self.calls):
            return NOTHING
        delta = Delta("".join(self.content), "".join(self.thinking), tuple(self.calls))
        self.content, self.thinking, self.calls = [], [], []
        return delta


def _past_space(text: str, at: int) -> int:
    """The first place from `at` on without white space."""
    found = _SPACES.match(text, at)
    assert found is not None  # it may be empty
    return found.end()


_SPACES = re.compile(f"[{SPACE}]*+")


@cache
def _pattern(tags: tuple[str, ...]) -> re.Pattern[str]:
    """Finds the first tag, or the beginning of one at the very end of the text.

    Tags with a common beginning share it: <(?:a(?:>|\\Z)|b(?:>|\\Z)|\\Z) for <a> and <b>.
    """
    return re.compile(_branches(tags))


def _branches(tags: tuple[str, ...]) -> str:
    """A pattern for any of some tags, none of which is empty."""
    firsts = dict.fromkeys(tag[0] for tag in tags)
    ends = {char: tuple(tag[1:] for tag in tags if tag[0] == char) for char in firsts}
    return "|".join(re.escape(char) + _after(rest) for char, rest in ends.items())


def _after(rest: tuple[str, ...]) -> str:
    """A pattern for what follows the common beginning of some tags."""
    if "" not in rest:
        return f"(?:{_branches(rest)}|\\Z)"
    longer = rest[: rest.index("")]  # named before the tag that is complete here
    return f"(?:{_branches(longer)}|)" if longer else ""
