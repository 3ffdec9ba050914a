"""The distance of two texts, beside the table that everyone learns first."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyollama.store.create.levenshtein import levenshtein

WORDS = st.text(alphabet="abé🌍", max_size=40)


def by_table(left: str, right: str) -> int:
    """Row by row: each distance from its neighbours above, to the left and between them."""
    above = list(range(len(right) + 1))
    for row, a in enumerate(left, 1):
        line = [row]
        for column, b in enumerate(right, 1):
            changed = above[column - 1] + (a != b)
            line.append(min(above[column] + 1, line[-1] + 1, changed))
        above = line
    return above[-1]


@pytest.mark.parametrize(
    ("left", "right", "distance"),
    [("", "", 0), ("", "abc", 3), ("abc", "", 3), ("kitten", "sitting", 3), ("é", "e", 1)],
)
def test_distances_that_everyone_knows(left: str, right: str, distance: int) -> None:
    assert levenshtein(left, right) == distance


@given(left=WORDS, right=WORDS)
def test_the_distance_is_that_of_the_table(left: str, right: str) -> None:
    assert levenshtein(left, right) == by_table(left, right)


@given(text=st.text(max_size=200), place=st.integers(0, 200), more=st.text(max_size=3))
def test_a_few_insertions_are_so_many_changes(text: str, place: int, more: str) -> None:
    assert levenshtein(text, text[:place] + more + text[place:]) == len(more)


def test_texts_of_a_thousand_characters_take_milliseconds() -> None:
    left, right = "abcdefghij" * 100, "jihgfedcba" * 100
    began = time.perf_counter()
    levenshtein(left, right)
    assert time.perf_counter() - began < 0.1
