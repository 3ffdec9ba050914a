"""Answers that say the same thing again and again."""

from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyollama.serving.repetition import RepetitionGuard


def n_passed(pieces: list[str]) -> int:
    """How many pieces come through before the guard trips."""
    guard = RepetitionGuard()
    return next((n for n, piece in enumerate(pieces) if guard.trips(piece)), len(pieces))


def test_the_thirty_first_repetition_is_one_too_many() -> None:
    assert n_passed(["in"] * 31) == 31
    assert n_passed(["in"] * 100) == 31


def test_blanks_around_a_piece_do_not_count() -> None:
    assert n_passed(["in", " in", "in\n"] * 20) == 31
    assert n_passed([" ", "\n", "\t"] * 20) == 30  # the start is as good as a blank


@given(st.lists(st.sampled_from("ab"), max_size=200))
def test_only_an_unbroken_run_trips(pieces: list[str]) -> None:
    broken = [f"{piece}{n % 30 == 29}" for piece, n in zip(pieces, count(), strict=False)]
    assert n_passed(broken) == len(broken)


@pytest.mark.parametrize("other", ["x", ""])
def test_another_piece_starts_the_count_anew(other: str) -> None:
    pieces = ["in"] * 31 + [other] + ["in"] * 31
    assert n_passed(pieces) == len(pieces)
