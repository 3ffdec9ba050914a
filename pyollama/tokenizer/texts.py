"""Many short texts in little memory: one piece of bytes, and a table that finds them again.

A vocabulary has a hundred thousand tokens and more, and two or three times as many merges. As a
list of strings and a dictionary they take 150 bytes each, here some 20 and those of the text.
"""

from array import array
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import overload

import numpy as np
from numpy.typing import NDArray

_ENCODING = ("utf-8", "surrogatepass")  # any text at all, as it is


class Texts(Sequence[str]):
    """Texts by their numbers."""

    def __init__(self, texts: Sequence[str]) -> None:
        encoded = [text.encode(*_ENCODING) for text in texts]
        self._bytes = b"".join(encoded)
        bounds = np.cumsum([0, *map(len, encoded)], dtype=np.int64)
        small = len(self._bytes) <= np.iinfo(np.int32).max
        self._bounds = (
            array("i", bounds.astype(np.int32).tobytes()) if small else array("q", bounds.tobytes())
        )

    def __len__(self) -> int:
        return len(self._bounds) - 1

    @overload
    def __getitem__(self, number: int) -> str: ...
    @overload
    def __getitem__(self, number: slice) -> list[str]: ...
    def __getitem__(self, number: int | slice) -> str | list[str]:
        if isinstance(number, slice):
            return [self[i] for i in range(*number.indices(len(self)))]
        if number < 0:
            number += len(self)
        if number < 0:
            raise IndexError("no such text")
        return self._bytes[self._bounds[number] : self._bounds[number + 1]].decode(*_ENCODING)

    def __iter__(self) -> Iterator[str]:
        return (self._bytes[a:b].decode(*_ENCODING) for a, b in pairwise(self._bounds))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Texts):
            return NotImplemented
        return self._bytes == other._bytes and self._bounds == other._bounds

    __hash__ = None  # type: ignore[assignment]  # it compares by what it holds

    def encoded(self, number: int) -> bytes:
        """The bytes of a text; its number is not negative."""
        return self._bytes[self._bounds[number] : self._bounds[number + 1]]


class TextNumbers:
    """The number of each text: a table of buckets by hash, all in three arrays.

    latest: of equal texts the last one counts, else the first.

    Python keys its hash of strings by a secret of each process (unless PYTHONHASHSEED is set), so
    nobody can prepare a file whose texts all fall into one bucket; equal texts do, of which one is
    kept.
    """

    def __init__(self, texts: Sequence[str], held: Texts, *, latest: bool) -> None:
        n_bucket = 1 << len(texts).bit_length()
        hashes = np.fromiter(map(hash, texts), np.int64, len(texts))
        buckets = hashes & (n_bucket - 1)
        order = np.lexsort((hashes, buckets))  # stable: equal hashes stay in the texts' order
        order = order[_counting(order, hashes, texts, latest)]
        starts = np.searchsorted(buckets[order], np.arange(n_bucket + 1))
        self._texts = held
        self._mask = n_bucket - 1
        self._starts = array("i", starts.astype(np.int32).tobytes())  # (n_bucket + 1,)
        self._numbers = array("i", order.astype(np.int32).tobytes())

    def __len__(self) -> int:
        return len(self._numbers)

    def get(self, text: str) -> int | None:
        """The number of a text, or None."""
        bucket = hash(text) & self._mask
        first, end = self._starts[bucket], self._starts[bucket + 1]
        if first < end:
            wanted = text.encode(*_ENCODING)
            for number in self._numbers[first:end]:
                if self._texts.encoded(number) == wanted:
                    return number
        return None

    def __contains__(self, text: str) -> bool:
        return self.get(text) is not None

    def __getitem__(self, text: str) -> int:
        """The number of a text; KeyError for one that is not there."""
        number = self.get(text)
        if number is None:
            raise KeyError(text)
        return number

    def numbers(self) -> list[int]:
        """The numbers of all texts that count, ascending."""
        return sorted(self._numbers)


def _counting(
    order: NDArray[np.intp], hashes: NDArray[np.int64], texts: Sequence[str], latest: bool
) -> NDArray[np.bool_]:
    """Which places of the order count: of neighbours with equal texts only one does."""
    counts = np.ones(len(order), np.bool_)
    alike = np.flatnonzero(hashes[order[1:]] == hashes[order[:-1]])
    for i in alike.tolist():
        if texts[order[i]] == texts[order[i + 1]]:
            counts[i if latest else i + 1] = False
    return counts
