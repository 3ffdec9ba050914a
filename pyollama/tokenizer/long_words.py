"""Merging very long words (a megabyte without a blank) in well under a second.

The result is that of `merges.merge`, which takes some microseconds per merge. Here all places of
one rank are merged at a time, with NumPy where there are many. That is allowed as long as no merge
of the rank makes a pair of a lower rank, which would have to go first; where one could (no trained
vocabulary does that often), the places are merged one by one.

Shapes: N characters in the word, R merges, M distinct symbols in them. A symbol of the word stands
at the place of its first character; the other places are dead.
"""

from collections.abc import Iterable
from heapq import heappop, heappush
from itertools import pairwise, repeat
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pyollama.tokenizer.slices import spans

MANY = 64  # places from which on NumPy is faster than a loop

_NONE = -1  # no symbol: dead, or outside the word

Places = NDArray[np.int64]


class Ids(Protocol):
    """What tells the token of a text."""

    def get(self, text: str, /) -> int | None:
        """Its id, or None."""


class MergeTable:
    """The ranks of a vocabulary's merges in arrays: symbols are numbered, ranks are dense.

    pairs: in ascending order of their ranks
    tokens: the token id of each symbol, _NONE for those that have none and in the last place, where
        the number _NONE leads, (M + 1,)
    """

    def __init__(self, pairs: Iterable[tuple[str, str]], ids: Ids) -> None:
        pairs = list(pairs)
        symbols: dict[str, int] = {}
        for a, b in pairs:
            for symbol in (a, b, a + b):
                symbols.setdefault(symbol, len(symbols))
        self.symbols = symbols
        self.left = np.fromiter((symbols[a] for a, _ in pairs), np.int64)  # (R,)
        self.right = np.fromiter((symbols[b] for _, b in pairs), np.int64)  # (R,)
        self.merged = np.fromiter((symbols[a + b] for a, b in pairs), np.int64)  # (R,)
        tokens = (ids.get(symbol) for symbol in symbols)
        self.tokens = np.array([*(_NONE if id is None else id for id in tokens), _NONE])
        self.stride = len(symbols) + 1  # a pair's key is left * stride + right: _NONE has none
        keys = self.left * self.stride + self.right
        self.rank_of = {key: rank for rank, key in enumerate(keys.tolist())}
        self._order = np.argsort(keys)  # (R,)
        self._sorted = keys[self._order]  # (R,)
        self.one_pass = self._find_one_pass()

    def _find_one_pass(self) -> NDArray[np.bool_]:
        """Of each rank, whether all pairs with the symbol that it makes have higher ranks, (R,)."""
        ranks = np.arange(len(self.merged))
        lowest = np.full(len(self.symbols), len(self.merged))
        np.minimum.at(lowest, self.left, ranks)
        np.minimum.at(lowest, self.right, ranks)
        return lowest[self.merged] > ranks

    def find(self, left: Places, right: Places) -> Places:
        """The ranks of pairs, _NONE for those that do not merge, (n,), (n,) -> (n,)."""
        keys = left * self.stride + right
        index = np.minimum(np.searchsorted(self._sorted, keys), len(self._sorted) - 1)
        return np.where(self._sorted[index] == keys, self._order[index], _NONE)


def merge_long(word: str, table: MergeTable) -> tuple[Places, Places]:
    """Merge the characters of a word by a table that is not empty.

    Gives the token id of each part, _NONE where it has none, (n_part,), and where in the word the
    parts begin and the last one ends, (n_part + 1,).
    """
    return _LongWord(word, table).merged()


class _Waiting:
    """Places that wait for their turn: many at once in arrays, single ones in a list."""

    def __init__(self) -> None:
        self.many: list[Places] = []
        self.single: list[int] = []

    def ascending(self) -> Places:
        """Each place once, in ascending order."""
        places = np.sort(np.concatenate([*self.many, np.array(self.single, np.int64)]))
        distinct = np.ones(len(places), bool)
        distinct[1:] = places[1:] != places[:-1]
        return places[distinct]


class _LongWord:
    """A word being merged: a linked list in arrays, and the places that wait by rank."""

    def __init__(self, word: str, table: MergeTable) -> None:
        self._word, self._table = word, table
        n = len(word)
        # One dead place behind the end ends the list; index -1, left of the start, is that one too.
        self._ids: Places = np.full(n + 1, _NONE, np.int64)
        for start, end in spans(n):
            symbols = map(table.symbols.get, word[start:end], repeat(_NONE))
            self._ids[start:end] = np.fromiter(symbols, np.int64, end - start)
        self._left: Places = np.arange(-1, n, dtype=np.int64)
        self._right: Places = np.arange(1, n + 2, dtype=np.int64)
        self._waiting: dict[int, _Waiting] = {}
        self._heap: list[int] = []  # the ranks in `waiting`
        self._add(np.arange(n), self._ids[:n], self._ids[1:])

    def merged(self) -> tuple[Places, Places]:
        alive = np.ones(len(self._word), bool)
        while self._heap:
            rank = heappop(self._heap)
            places = self._waiting.pop(rank).ascending()
            if len(places) >= MANY and self._table.one_pass[rank]:
                alive[self._merge_together(rank, places)] = False
            else:
                alive[self._merge_one_by_one(rank, places.tolist())] = False
        starts = np.flatnonzero(alive)
        return self._table.tokens[self._ids[starts]], np.append(starts, len(self._word))

    def _wait(self, rank: int) -> _Waiting:
        """The places that wait for a rank."""
        if rank not in self._waiting:
            heappush(self._heap, rank)
            self._waiting[rank] = _Waiting()
        return self._waiting[rank]

    def _add(self, places: Places, left: Places, right: Places) -> None:
        """Let places wait whose symbol `left` has the symbol `right` on its right."""
        ranks = self._table.find(left, right)
        order = np.argsort(ranks, kind="stable")
        order = order[ranks[order] != _NONE]
        places, ranks = places[order], ranks[order]
        bounds = [0, *(np.flatnonzero(ranks[1:] != ranks[:-1]) + 1).tolist(), len(ranks)]
        for a, b in pairwise(bounds):
            if a < b:
                self._wait(int(ranks[a])).many.append(places[a:b])

    def _merge_together(self, rank: int, places: Places) -> Places:
        """Merge all places of a rank at once; gives the places that died."""
        table, ids = self._table, self._ids
        a, b = table.left[rank], table.right[rank]
        places = places[(ids[places] == a) & (ids[self._right[places]] == b)]
        if a == b:
            places = self._every_other(places)
        second = self._right[places]
        third = self._right[second]
        ids[places], ids[second] = table.merged[rank], _NONE
        self._right[places], self._left[third] = third, places
        before = self._left[places]
        self._add(
            np.concatenate([before, places]),
            np.concatenate([ids[before], ids[places]]),
            np.concatenate([ids[places], ids[third]]),
        )
        return second

    def _every_other(self, places: Places) -> Places:
        """In runs like aaaa the pairs overlap: of each run the first, third, … place counts."""
        follows = np.zeros(len(places), bool)
        follows[1:] = self._right[places[:-1]] == places[1:]
        index = np.arange(len(places), dtype=np.int64)
        run_start: Places = np.maximum.accumulate(np.where(follows, 0, index))
        first_of_two: NDArray[np.bool_] = (index - run_start) % 2 == 0
        return places[first_of_two]

    def _merge_one_by_one(self, rank: int, places: list[int]) -> list[int]:
        """Merge places of a rank until a pair of a lower rank appears; gives those that died."""
        table = self._table
        a, b, merged = (int(x[rank]) for x in (table.left, table.right, table.merged))
        # Views give plain integers, faster than an array does.
        ids, left, right = self._ids.data, self._left.data, self._right.data
        died: list[int] = []
        for n_done, i in enumerate(places, start=1):
            j = right[i]
            if ids[i] != a or ids[j] != b:
                continue
            h, k = left[i], right[j]
            ids[i], ids[j], right[i], left[k] = merged, _NONE, k, i
            died.append(j)
            overtaken = False
            for key, place in (
                (ids[h] * table.stride + merged, h),
                (merged * table.stride + ids[k], i),
            ):
                if (new_rank := table.rank_of.get(key)) is not None:
                    self._wait(new_rank).single.append(place)
                    overtaken |= new_rank < rank
            if overtaken:
                self._wait(rank).single += places[n_done:]
                break
        return died
