"""Cutting a text at the special tokens that it spells out.

llama.cpp searches for one special token after the other, the longest first, each in what the
earlier ones have left of the text. With thousands of special tokens that would be thousands of
passes; here one pass finds every place where any of them stands, and the places are then granted
in the same order.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

WHITESPACE = " \t\n\v\f\r"  # what C's isspace accepts

_END = ""  # the key under which a node of the trie keeps the id of the token that ends there


@dataclass(frozen=True)
class SpecialToken:
    """A token that is found in text before anything else is done to it."""

    id: int
    text: str
    hidden: bool  # control and unknown tokens: plain text is not searched for them
    lstrip: bool = False  # eats the white space on its left
    rstrip: bool = False


class Splitter:
    """Cuts texts at the special tokens of one vocabulary."""

    def __init__(self, tokens: Iterable[SpecialToken]) -> None:
        self._tokens = {token.id: token for token in tokens if token.text}
        self._all = _Finder(self._tokens.values())
        self._visible = _Finder(token for token in self._tokens.values() if not token.hidden)

    def split(self, text: str, *, parse_special: bool) -> Iterator[str | int]:
        """Fragments of plain text, never empty, and ids of special tokens, in order."""
        places = (self._all if parse_special else self._visible).places(text)
        position = 0
        for start, end, left, right, id in self._granted(text, places):
            if position < start - left:
                yield text[position : start - left]
            yield id
            position = end + right
        if position < len(text):
            yield text[position:]

    def _granted(
        self, text: str, places: Mapping[int, Sequence[int]]
    ) -> list[tuple[int, int, int, int, int]]:
        """The places that count: (start, end, spaces eaten left, and right, id), in text order."""
        taken = bytearray(len(text))
        granted = []
        for id in sorted(places, key=lambda id: (-len(self._tokens[id].text.encode()), id)):
            token = self._tokens[id]
            for start in places[id]:
                end = start + len(token.text)
                if taken.find(1, start, end) >= 0:
                    continue
                left = _free_spaces_before(text, taken, start) if token.lstrip else 0
                right = _free_spaces_after(text, taken, end) if token.rstrip else 0
                taken[start - left : end + right] = b"\x01" * (left + end - start + right)
                granted.append((start, end, left, right, id))
        return sorted(granted)


class _Finder:
    """Finds every place of every token, overlapping ones too: a trie, tried where it may begin."""

    def __init__(self, tokens: Iterable[SpecialToken]) -> None:
        self._trie: dict[str, Any] = {}
        for token in tokens:
            node = self._trie
            for character in token.text:
                node = node.setdefault(character, {})
            node[_END] = token.id
        first = "".join(map(re.escape, self._trie))
        self._starts = re.compile(f"[{first}]" if first else r"(?!)")

    def places(self, text: str) -> dict[int, list[int]]:
        """Token id -> where it stands in the text, ascending."""
        found: dict[int, list[int]] = {}
        for match in self._starts.finditer(text):
            start = position = match.start()
            node = self._trie
            while position < len(text) and (following := node.get(text[position])) is not None:
                node = following
                position += 1
                if _END in node:
                    found.setdefault(node[_END], []).append(start)
        return found


def _free_spaces_before(text: str, taken: bytearray, start: int) -> int:
    position = start
    while position > 0 and text[position - 1] in WHITESPACE and not taken[position - 1]:
        position -= 1
    return start - position


def _free_spaces_after(text: str, taken: bytearray, end: int) -> int:
    position = end
    while position < len(text) and text[position] in WHITESPACE and not taken[position]:
        position += 1
    return position - end
