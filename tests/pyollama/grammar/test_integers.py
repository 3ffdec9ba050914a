"""Integers within bounds."""

import re

import pytest
from grammars import accepted
from hypothesis import given
from hypothesis import strategies as st

from pyollama.grammar.integers import integers_between

BOUNDS = st.one_of(st.none(), st.integers(-1200, 1200), st.integers(-(2**63), 2**63))


@given(
    low=BOUNDS, high=BOUNDS, near=st.lists(st.integers(-5, 5)), far=st.integers(-(10**15), 10**15)
)
def test_exactly_the_integers_between_two_bounds_match(
    low: int | None, high: int | None, near: list[int], far: int
) -> None:
    if low is not None and high is not None and low > high:
        low, high = high, low
    expression = re.compile(integers_between(low, high))
    for value in [far, *((bound or 0) + n for bound in (low, high) for n in near)]:
        within = (low is None or low <= value) and (high is None or value <= high)
        assert bool(expression.fullmatch(str(value))) == within


def test_all_small_ranges() -> None:
    for low in range(-25, 26, 3):
        for high in range(low, 130, 7):
            expression = re.compile(integers_between(low, high))
            found = [n for n in range(-130, 140) if expression.fullmatch(str(n))]
            assert found == list(range(low, high + 1))


def test_neither_leading_zeros_nor_minus_zero() -> None:
    expression = re.compile(integers_between(-5, 5))
    assert not any(expression.fullmatch(text) for text in ("00", "01", "-0", "-01", ""))


@pytest.mark.parametrize(
    ("bounds", "good"),
    [
        ({"minimum": 3}, ["3", "4", "5"]),
        ({"exclusiveMinimum": 3}, ["4", "5"]),
        ({"maximum": 3}, ["-7", "1", "2", "3"]),
        ({"exclusiveMaximum": 3}, ["-7", "1", "2"]),
        ({"minimum": 2.5, "maximum": 4.5}, ["3", "4"]),
        ({"minimum": 3, "exclusiveMinimum": True}, ["4", "5"]),
        ({"maximum": 3, "exclusiveMaximum": False, "minimum": 1}, ["1", "2", "3"]),
        ({"minimum": -1e300, "maximum": 1}, ["-7", "1"]),
    ],
)
def test_bounds(bounds: dict[str, float], good: list[str]) -> None:
    assert accepted({"type": "integer", **bounds}, "-7", "1", "2", "3", "4", "5") == good
