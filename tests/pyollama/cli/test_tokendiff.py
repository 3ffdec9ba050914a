"""Differences of token lists: right, short, readable, and bounded."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyollama.cli import tokendiff
from pyollama.cli.tokendiff import shortest_edits, token_diff

TOKENS = st.lists(st.integers(0, 3), max_size=12)


def lines(old: list[int], new: list[int]) -> list[str]:
    return list(token_diff(old, new, lambda id: f"<{id}>"))


def n_common_at_most(old: list[int], new: list[int]) -> int:
    """The length of the longest common subsequence, by the textbook."""
    row = [0] * (len(new) + 1)
    for a in old:
        last = row
        row = [0]
        for place, b in enumerate(new):
            row.append(last[place] + 1 if a == b else max(last[place + 1], row[place]))
    return row[-1]


@given(TOKENS, TOKENS)
def test_edits_turn_one_list_into_the_other_and_are_as_few_as_can_be(
    old: list[int], new: list[int]
) -> None:
    edits = shortest_edits(old, new)
    assert edits is not None
    assert [edit.token for edit in edits if edit.sign in " -"] == old
    assert [edit.token for edit in edits if edit.sign in " +"] == new
    n_changed = sum(edit.sign != " " for edit in edits)
    assert n_changed == len(old) + len(new) - 2 * n_common_at_most(old, new)


def test_the_same_tokens_have_no_differences() -> None:
    assert lines([1, 2, 3], [1, 2, 3]) == []
    assert lines([], []) == []


def test_a_difference_is_shown_with_what_is_around_it() -> None:
    assert lines([1, 2, 3, 4, 5, 6, 7], [1, 2, 3, 40, 41, 5, 6, 7]) == [
        "@@ token 1 | token 1 @@",
        "  2 <2>",
        "  3 <3>",
        "- 4 <4>",
        "+ 40 <40>",
        "+ 41 <41>",
        "  5 <5>",
        "  6 <6>",
    ]


def test_differences_far_apart_are_shown_apart_with_the_places_in_both() -> None:
    same = list(range(10, 16))
    shown = lines([1, *same, 2], [*same])
    assert [line for line in shown if line.startswith("@@")] == [
        "@@ token 0 | token 0 @@",
        "@@ token 5 | token 4 @@",
    ]
    near = lines([1, *same[:4], 2], [*same[:4]])
    assert [line for line in near if line.startswith("@@")] == ["@@ token 0 | token 0 @@"]


def test_what_goes_is_shown_before_what_comes() -> None:
    shown = lines([1, 2, 3], [7, 8, 9])
    assert [line[0] for line in shown[1:]] == ["-", "-", "-", "+", "+", "+"]


def test_too_many_differences_are_not_worked_out() -> None:
    old = [i % 7 for i in range(100_000)]
    new = [i * 3 % 7 for i in range(100_000)]
    started = time.monotonic()
    assert lines(old, new) == ["  more than 1500 tokens differ: too many to be set side by side"]
    assert time.monotonic() - started < 20


def test_the_limit_counts_what_comes_and_what_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokendiff, "MAX_EDITS", 4)
    assert shortest_edits([1, 2], [3, 4]) is not None
    assert shortest_edits([1, 2, 5], [3, 4, 5, 6]) is None
