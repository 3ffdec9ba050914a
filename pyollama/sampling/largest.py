"""The k largest of very many logits, without sorting them all.

Shapes: V = n_vocab. The row is folded into columns; the maxima of the columns are few, and the
k-th largest of them is a floor: at least k logits, one in each of k columns, are not below it.
What reaches the floor is little more than k, and only that is sorted.
"""

import numpy as np
from numpy.typing import NDArray

ROWS = 64  # of the folded row: V / ROWS columns to look through instead of V logits
WORTH_FOLDING = 16  # columns for each one wanted; with fewer the floor lets too much through


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
    n_column = len(logits) // ROWS
    if n_column < WORTH_FOLDING * k:
        return np.arange(len(logits))
    folded = logits[: ROWS * n_column].reshape(ROWS, n_column)
    maxima = folded.max(axis=0)  # (V / ROWS,)
    floor = np.partition(maxima, n_column - k)[n_column - k]
    columns = np.flatnonzero(maxima >= floor)
    row, which = np.nonzero(folded[:, columns] >= floor)  # row by row: places ascend
    rest = ROWS * n_column + np.flatnonzero(logits[ROWS * n_column :] >= floor)
    return np.concatenate([row * n_column + columns[which], rest])


def _first_k(found: NDArray[np.float32], k: int) -> NDArray[np.int64]:
    """Ascending places of the k largest; what equals the k-th fills up from the lowest places."""
    lowest = np.partition(found, len(found) - k)[len(found) - k]
    above = np.flatnonzero(found > lowest)
    ties = np.flatnonzero(found == lowest)[: k - len(above)]
    return np.sort(np.concatenate([above, ties]))
