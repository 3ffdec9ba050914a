"""Byte-pair merging (arXiv:1508.07909): the lowest rank first, of equal ranks the leftmost."""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from heapq import heapify, heappop, heappush
from itertools import pairwise
from typing import Protocol

from pyollama.tokenizer.texts import TextNumbers, Texts

CACHED_PAIRS = 1 << 14
CACHED_LENGTH = 64  # characters of a pair; longer ones seldom come back


class Ranks(Protocol):
    """What tells the rank of a pair of neighbours."""

    def get(self, pair: tuple[str, str], /) -> int | None:
        """The rank of left and right; None if they do not merge."""


class MergeLines:
    """The merges of a file, one per line, "left right"; of equal lines the first counts.

    The space that divides a line is the first one that does not begin it; a line that has none is
    no merge. The same pairs come again and again in any text, so those that came lately are
    remembered.
    """

    def __init__(self, lines: Sequence[str]) -> None:
        lines = [line for line in lines if _divider(line) > 0]
        self._lines = Texts(lines)
        self._numbers = TextNumbers(lines, self._lines, latest=False)
        self._remembered = lru_cache(CACHED_PAIRS)(self._rank)

    def __len__(self) -> int:
        return len(self._numbers)

    def get(self, pair: tuple[str, str]) -> int | None:
        """The rank of a pair, which grows with the line's number; None if it is on no line."""
        rank = self._rank if len(pair[0]) + len(pair[1]) > CACHED_LENGTH else self._remembered
        return rank(pair)

    def _rank(self, pair: tuple[str, str]) -> int | None:
        left, right = pair
        rank = self._numbers.get(f"{left} {right}")
        return None if rank is None or len(left) != _divider(self._lines[rank]) else rank

    def pairs(self) -> Iterator[tuple[str, str]]:
        """All pairs in ascending order of their ranks."""
        for rank in self._numbers.numbers():
            line = self._lines[rank]
            divider = _divider(line)
            yield line[:divider], line[divider + 1 :]


def _divider(line: str) -> int:
    return line.find(" ", 1)


def merge(symbols: Iterable[str], ranks: Ranks) -> list[str]:
    """Merge neighbours for as long as any two of them have a rank, in O(n log n).

    A heap holds the candidates by (rank, place), and a linked list the symbols that are left; a
    candidate that an earlier merge has overtaken is recognized by its text.
    """
    parts: list[str] = list(symbols)
    left = list(range(-1, len(parts) - 1))
    right = [*range(1, len(parts)), -1]
    candidates = [
        (rank, i) for i, pair in enumerate(pairwise(parts)) if (rank := ranks.get(pair)) is not None
    ]
    heapify(candidates)
    while candidates:
        rank, i = heappop(candidates)
        j = right[i]
        if j < 0 or ranks.get((parts[i], parts[j])) != rank:
            continue
        parts[i] += parts[j]
        parts[j] = ""
        right[i] = right[j]
        if right[i] >= 0:
            left[right[i]] = i
        for a in (left[i], i):
            if a >= 0 and right[a] >= 0:
                new = ranks.get((parts[a], parts[right[a]]))
                if new is not None:
                    heappush(candidates, (new, a))
    return [part for part in parts if part]
