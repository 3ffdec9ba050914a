"""Byte-pair merging (arXiv:1508.07909): the lowest rank first, of equal ranks the leftmost."""

from collections.abc import Iterable, Mapping, Sequence
from heapq import heapify, heappop, heappush
from itertools import pairwise

Ranks = Mapping[tuple[str, str], int]


def read_ranks(lines: Sequence[str]) -> dict[tuple[str, str], int]:
    """Ranks of the merges, one per line, "left right"; of equal lines the first counts.

    The space that divides a line is the first one that does not begin it.
    """
    ranks: dict[tuple[str, str], int] = {}
    for rank, line in enumerate(lines):
        divider = line.find(" ", 1)
        if divider > 0:
            ranks.setdefault((line[:divider], line[divider + 1 :]), rank)
    return ranks


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
