"""The k largest of very many logits, without sorting them all.

Shapes: V = n_vocab. The row is folded into columns; the maxima of the columns are few, and the
k-th largest of them is a floor: at least k logits, one in each of k columns, are not below it.
What reaches the floor is little more than k, and only that is sorted.
"""

import numpy as np
from numpy.typing import NDArray

MOST_ROWS = 64  # of the folded row: V / 64 columns to look through instead of V logits
COLUMNS = 2  # at least so many for each one wanted: the floor then lets about 1.4 k through


def largest(logits: NDArray[np.float32], k: int) -> NDArray[np.int64]:
    """Where the k largest logits are, in descending order, of equals the lower place first.

    logits: float32 (V,) without NaN. Gives int64 (min(k, V),).
    """
    if k >= len(logits):
        return np.argsort(-logits, kind="stable")
    places = _above_floor(logits, k)
    found = logits[places]
    if len(places) > k:
        places = places[_first_k(found, k)]
        found = logits[places]
    return places[np.argsort(-found, kind="stable")]


def _above_floor(logits: NDArray[np.float32], k: int) -> NDArray[np.int64]:
    """Ascending places of logits, the k largest among them."""
    n_row = min(MOST_ROWS, len(logits) // (COLUMNS * k))
    if n_row < 2:
        return np.arange(len(logits))
    n_column = len(logits) // n_row
    n_folded = n_row * n_column
    folded = logits[:n_folded].reshape(n_row, n_column)
    maxima = folded.max(axis=0)  # (n_column,)
    floor = np.partition(maxima, n_column - k)[n_column - k]
    columns = np.flatnonzero(maxima >= floor)
    row, which = np.nonzero(folded[:, columns] >= floor)  # row by row: places ascend
    rest = n_folded + np.flatnonzero(logits[n_folded:] >= floor)
    return np.concatenate([row * n_column + columns[which], rest])


def _first_k(found: NDArray[np.float32], k: int) -> NDArray[np.int64]:
    """Ascending places of the k largest; what equals the k-th fills up from the lowest places."""
    lowest = np.partition(found, len(found) - k)[len(found) - k]
    above = np.flatnonzero(found > lowest)
    ties = np.flatnonzero(found == lowest)[: k - len(above)]
    return np.sort(np.concatenate([above, ties]))
