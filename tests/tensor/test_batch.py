"""A batch refuses whatever would lead a kernel out of bounds."""

from typing import Any

import numpy as np
import pytest

from pyollama_tensor.batch import PAGE, Batch, BatchError, Row, batch_of


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


def test_a_batch_of_one_token_each_follows_other_tokens_in_its_own_arrays() -> None:
    batch = batch_of([(5, 0, ints(3)), (6, 40, ints(1, 2))])
    assert (batch.n_page, batch.places.tolist()) == (4, [3 * PAGE, 2 * PAGE + 8])
    arrays = [batch.tokens, batch.positions, batch.tables, batch.places, batch.lengths]
    rows: list[Row] = [(7, 33, ints(3, 9)), (8, 2, ints(4))]
    batch.follow(rows)
    expected = batch_of(rows)
    for array, name in zip(
        arrays, ("tokens", "positions", "tables", "places", "lengths"), strict=True
    ):
        assert array is getattr(batch, name)
        if name != "tables":
            np.testing.assert_array_equal(array, getattr(expected, name))
    assert (batch.tables[0].tolist(), batch.tables[1, 0], batch.n_page) == ([3, 9], 4, 10)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ((0, 2 * PAGE, ints(0, 1)), "position 64 lies outside the 2 pages"),
        ((0, -1, ints(0, 1)), "position -1 lies outside the 2 pages"),
        ((0, PAGE, ints(0)), "position 32 lies outside the 1 pages"),
        ((0, 2 * PAGE, ints(0, 1, 2)), "outside the 3 pages"),  # of which the batch has two
        ((0, 0, ints(-1)), "a page id is negative"),
    ],
)
def test_a_batch_follows_nothing_out_of_bounds(row: Row, message: str) -> None:
    batch = batch_of([(0, 33, ints(0, 1))])
    with pytest.raises(BatchError, match=message):
        batch.follow([row])
