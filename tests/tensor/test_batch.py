"""A batch refuses whatever would lead a kernel out of bounds."""

from typing import Any

import numpy as np
import pytest

from pyollama_tensor.batch import PAGE, Batch, BatchError


def ints(*values: int) -> np.ndarray:
    return np.array(values, np.int32)


def fields(**changes: Any) -> dict[str, Any]:
    """Three rows of two sequences, with changes."""
    whole: dict[str, Any] = {
        "tokens": ints(5, 6, 7),
        "rows": None,
        "positions": ints(0, 33, 34),
        "sequences": ints(1, 0, 0),
        "tables": np.array([[3, 1], [2, 0]], np.int32),
        "wanted": ints(0, 2),
    }
    return whole | changes


def test_places_follow_the_tables() -> None:
    assert Batch(**fields()).places.tolist() == [2 * PAGE, PAGE + 1, PAGE + 2]


def test_a_causal_row_sees_up_to_itself() -> None:
    assert Batch(**fields()).lengths.tolist() == [1, 34, 35]


def test_without_causality_a_row_sees_the_end_of_its_sequence() -> None:
    assert Batch(**fields(causal=False)).lengths.tolist() == [1, 35, 35]


def test_the_pages_needed_are_counted() -> None:
    assert Batch(**fields()).n_page == 4


def test_embedding_rows_stand_in_for_tokens() -> None:
    batch = Batch(**fields(tokens=None, rows=np.zeros((3, 8), np.float32)))
    assert batch.n_row == 3


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"tokens": None}, "either tokens or embedding rows"),
        ({"rows": np.zeros((3, 8), np.float32)}, "either tokens or embedding rows"),
        ({"tokens": ints(5, 6)}, "per row"),
        ({"sequences": ints(0, 0)}, "per row"),
        ({"tokens": ints(), "positions": ints(), "sequences": ints()}, "per row"),
        ({"positions": np.array([0.0, 1.0, 2.0])}, "vector of int32"),
        ({"positions": ints(0, 1, 2 * PAGE)}, "outside the 2 pages"),
        ({"positions": ints(0, 1, -1)}, "outside the 2 pages"),
        ({"sequences": ints(0, 0, 2)}, "none of the 2 sequences"),
        ({"sequences": ints(0, 0, -1)}, "none of the 2 sequences"),
        ({"tables": ints(1, 2, 3)}, "matrix of int32"),
        ({"tables": np.array([[3, 1], [2, -1]], np.int32)}, "page id is negative"),
        ({"wanted": ints(3)}, "none of the 3 rows"),
        ({"wanted": ints(-1)}, "none of the 3 rows"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(BatchError, match=message):
        Batch(**fields(**changes))
