"""Where the strings of a string array lie, found fast.

A string is a u64 length and its bytes, so the place of the next one is only known from the one
before: a vocabulary of 128,000 tokens and its 280,000 merges are 400,000 dependent steps, too
slow in plain Python for opening a file. But almost all tokens are shorter than 256 bytes and hold
no zero bytes, so that seven zero bytes betray a length field. Each window of the file is searched
for those with NumPy, and a guess counts only where it is exactly the place that the string before
it points to. Where the guesses fail (long strings, zero bytes), a plain loop takes over.
"""

import mmap
import struct
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from pyollama_formats.gguf.cursor import check_length
from pyollama_formats.gguf.errors import GGUFError
from pyollama_formats.gguf.pages import drop

WINDOW = 1 << 16  # bytes searched at a time: the working arrays stay under 500 kB
STEPS = 32  # strings walked one by one before the guesses are tried again

_LENGTH = struct.Struct("<Q")
_ZEROS = 7  # of the eight bytes of a length below 256


def skip_strings(data: mmap.mmap, start: int, count: int) -> int:
    """The position after `count` strings that begin at `start`.

    GGUFError if they do not lie in the file. Pages passed over are given back.
    """
    position = start
    while count:
        found, following = _walk_window(data, position, count)
        count -= len(found)
        drop(data, position, min(following, len(data)) - position)
        position = following
    return position


def string_positions(data: mmap.mmap, start: int, count: int) -> NDArray[np.int64]:
    """Positions of the length fields of `count` strings, and of the byte after the last.

    int64 (count + 1,); GGUFError if they do not lie in the file.
    """
    return np.concatenate([*_windows(data, start, count)])


def _windows(data: mmap.mmap, position: int, count: int) -> Iterator[NDArray[np.int64]]:
    while count:
        found, position = _walk_window(data, position, count)
        count -= len(found)
        yield found
    yield np.array([position], np.int64)


def _walk_window(data: mmap.mmap, position: int, count: int) -> tuple[NDArray[np.int64], int]:
    """Find up to `count` strings that begin in the window at `position`.

    Gives their positions, int64 (1 to count,), and the position after the last.
    """
    end = min(position + WINDOW, len(data))
    guesses, following = _guess(data, position, end)
    # The guesses at which a chain ends: the next guess is not where this one points to.
    broken = np.flatnonzero(np.append(following[:-1] != guesses[1:], True))
    found: list[NDArray[np.int64]] = []
    left = count
    while left and (position < end or not found):
        run = guesses[:0]
        first = int(np.searchsorted(guesses, position))
        if first < len(guesses) and guesses[first] == position:
            last = int(broken[np.searchsorted(broken, first)])
            run = guesses[first : min(last + 1, first + left)]
        if len(run) < min(left, STEPS):  # among empty strings every guess but one in eight is wrong
            run, position = _step(data, position, min(left, STEPS))
        else:
            position = int(following[first + len(run) - 1])
        if position > len(data):
            raise GGUFError("unexpected EOF")
        found.append(run)
        left -= len(run)
    return np.concatenate(found), position


def _guess(data: mmap.mmap, start: int, end: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Positions in start to end that look like a length below 256, and where the next would be."""
    window = np.frombuffer(data, np.uint8, max(end - start, 0), start)
    if len(window) <= _ZEROS:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    zero = window == 0
    two = zero[:-1] & zero[1:]
    four = two[:-2] & two[2:]
    seven = four[:-3] & four[3:]  # seven[i]: bytes i to i + 6 are zero
    places = np.flatnonzero(seven[1:]).astype(np.int64)
    return places + start, places + start + _LENGTH.size + window[places]


def _step(data: mmap.mmap, position: int, count: int) -> tuple[NDArray[np.int64], int]:
    """Walk over `count` strings one by one: their positions, and the position after them."""
    positions = np.empty(count, np.int64)
    for i in range(count):
        if position + _LENGTH.size > len(data):
            raise GGUFError("unexpected EOF")
        positions[i] = position
        (length,) = _LENGTH.unpack_from(data, position)
        check_length(length)
        position += _LENGTH.size + length
    return positions, position
