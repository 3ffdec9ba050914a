"""Cutting a text at the special tokens that it spells out.

llama.cpp searches for one special token after the other, the longest first, each in what the
earlier ones have left of the text. With thousands of special tokens that would be thousands of
passes; here one pass finds every place where any of them stands, and the places are then granted
in the same order.
"""

import heapq
import re
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any

from pyollama.tokenizer.errors import TokenizerError
from pyollama.tokenizer.slices import spans

MAX_LENGTH = 256  # characters of a special token: each takes a node of the trie
MAX_PLACES = 1 << 22  # of special tokens in one text, those that overlap included
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
    """Cuts texts at the special tokens of one vocabulary. TokenizerError if one is too long."""

    def __init__(self, tokens: Iterable[SpecialToken]) -> None:
        self._tokens = {token.id: token for token in tokens if token.text}
        self._all = _Finder(self._tokens.values())
        self._visible = _Finder(token for token in self._tokens.values() if not token.hidden)

    def split(self, text: str, *, parse_special: bool) -> Iterator[str | int]:
        """Fragments of plain text, never empty, and ids of special tokens, in order."""
        places = (self._all if parse_special else self._visible).places(text)
        position = 0
        for (first, last), id in self._granted(text, places):
            if position < first:
                yield text[position:first]
            yield id
            position = last
        if position < len(text):
            yield text[position:]

    def _granted(
        self, text: str, places: Mapping[int, Sequence[int]]
    ) -> Iterator[tuple[tuple[int, int], int]]:
        """What each token that counts takes of the text, eaten spaces included, in text order."""
        taken = bytearray(len(text))
        granted = []
        for id in sorted(places, key=lambda id: (-len(self._tokens[id].text.encode()), id)):
            firsts, lasts = _claim(self._tokens[id], places[id], text, taken)
            granted.append(zip(zip(firsts, lasts, strict=True), repeat(id)))
        return heapq.merge(*granted)


class _Finder:
    """Finds every place of every token, overlapping ones too: a trie, tried where it may begin."""

    def __init__(self, tokens: Iterable[SpecialToken]) -> None:
        self._trie: dict[str, Any] = {}
        for token in tokens:
            if len(token.text) > MAX_LENGTH:
                raise TokenizerError(f"special token {token.id} is too long")
            node = self._trie
            for character in token.text:
                node = node.setdefault(character, {})
            node[_END] = token.id
        first = "".join(map(re.escape, self._trie))
        self._starts = re.compile(f"[{first}]" if first else r"(?!)")

    def places(self, text: str) -> dict[int, Sequence[int]]:
        """Token id -> where it stands in the text, ascending; TokenizerError for too many."""
        found: dict[int, array[int]] = {}
        for start, end in spans(len(text)):
            if sum(map(len, found.values())) > MAX_PLACES:
                raise TokenizerError("the text holds too many special tokens")
            for match in self._starts.finditer(text, start, end):
                self._follow(text, match.start(), found)
        return {**found}

    def _follow(self, text: str, start: int, found: "dict[int, array[int]]") -> None:
        """Add every token that stands at a place of the text."""
        position, node = start, self._trie
        while position < len(text) and (following := node.get(text[position])) is not None:
            node = following
            position += 1
            if _END in node:
                found.setdefault(node[_END], array("i")).append(start)


def _claim(
    token: SpecialToken, places: Sequence[int], text: str, taken: bytearray
) -> tuple[list[int], list[int]]:
    """Mark what a token takes where nothing is taken yet: first and last places, ascending.

    Plain integers, for a hundred thousand small tuples would wake the garbage collector, which
    stops every thread for as long as it looks through all that the process holds.
    """
    firsts, lasts = [], []
    for start in places:
        end = start + len(token.text)
        if taken.find(1, start, end) >= 0:
            continue
        first = start - (_free_spaces_before(text, taken, start) if token.lstrip else 0)
        last = end + (_free_spaces_after(text, taken, end) if token.rstrip else 0)
        taken[first:last] = b"\x01" * (last - first)
        firsts.append(first)
        lasts.append(last)
    return firsts, lasts


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
