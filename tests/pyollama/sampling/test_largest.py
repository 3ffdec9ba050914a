"""The k largest of a row against sorting it whole."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyollama.sampling.largest import MOST_ROWS, largest


def by_sorting(logits: np.ndarray, k: int) -> list[int]:
    return [int(place) for place in np.argsort(-logits, kind="stable")[:k]]


@given(
    st.integers(0, 2**32 - 1),
    st.integers(1, 64 * MOST_ROWS),
    st.integers(1, 1000),
    st.integers(1, 400),
)
def test_it_finds_what_sorting_finds_ties_included(seed: int, n: int, k: int, n_value: int) -> None:
    logits = np.random.default_rng(seed).integers(0, n_value, n).astype(np.float32)
    assert [int(place) for place in largest(logits, k)] == by_sorting(logits, k)


@pytest.mark.parametrize("k", [1, 40, 2500, 9001, 20_000, 40_000])
def test_long_rows_whose_end_does_not_fold(k: int) -> None:
    n = MOST_ROWS * 640 + 37
    logits = np.random.default_rng(3).normal(size=n).astype(np.float32)
    logits[-1] = 100  # the largest stands where no column reaches
    assert [int(place) for place in largest(logits, k)] == by_sorting(logits, k)


def test_equal_logits_throughout_give_the_lowest_places() -> None:
    assert largest(np.zeros(128_000, np.float32), 5).tolist() == [0, 1, 2, 3, 4]


def test_minus_infinity_stands_behind_all_numbers() -> None:
    logits = np.full(128_000, -np.inf, np.float32)
    logits[[70_000, 90_000]] = [1, 2]
    assert largest(logits, 3).tolist() == [90_000, 70_000, 0]
