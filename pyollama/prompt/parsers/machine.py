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

        Without a tag: take all but what may be the beginning of one, and "" for the tag. Of tags
        that begin at one place the one that is named first counts.
        """
        found = _pattern(tags).search(self.text, self.at)
        start = found.start() if found else len(self.text)
        before = self.text[self.at : start]
        tag = (found[1] or "") if found else ""
        self.at = start + len(tag)
        return before, tag

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
    """Finds the first tag (group 1), or the beginning of one at the very end of the text."""
    whole = "|".join(map(re.escape, tags))
    begun = "|".join(_beginning(tag) for tag in tags)
    return re.compile(f"({whole})|(?:{begun})\\Z")


def _beginning(tag: str) -> str:
    """A pattern for every proper beginning of a tag: a(?:b(?:c)?)? for abcd."""
    pattern = ""
    for char in reversed(tag[:-1]):
        pattern = re.escape(char) + (f"(?:{pattern})?" if pattern else "")
    return pattern or r"(?!)"  # a tag of one character has none
