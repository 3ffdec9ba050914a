"""Durations in Go's form: reading, Go's error words, printing."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyollama.durations import duration_text, parse_duration


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("5m", 300_000_000_000),
        ("1h30m", 5_400_000_000_000),
        ("1.5h", 5_400_000_000_000),
        ("-1m", -60_000_000_000),
        ("+2s", 2_000_000_000),
        (".5s", 500_000_000),
        ("1.s", 1_000_000_000),
        ("300ms", 300_000_000),
        ("7µs", 7_000),
        ("7us3ns", 7_003),
        ("0", 0),
        ("0s", 0),
    ],
)
def test_a_duration_is_read(text: str, nanoseconds: int) -> None:
    assert parse_duration(text) == nanoseconds


def test_a_long_duration_takes_no_longer_than_its_length() -> None:
    began = time.thread_time()
    assert parse_duration("1ns" * 300_000) == 300_000
    assert time.thread_time() - began < 5  # minutes, if the rest were copied for each term


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("5", 'time: missing unit in duration "5"'),
        ("", 'time: invalid duration ""'),
        ("abc", 'time: invalid duration "abc"'),
        ("-", 'time: invalid duration "-"'),
        ("5x", 'time: unknown unit "x" in duration "5x"'),
        ("1h.", 'time: invalid duration "1h."'),
        ("9" * 25 + "s", 'time: invalid duration "' + "9" * 25 + 's"'),
        ("300000000h", 'time: invalid duration "300000000h"'),
    ],
)
def test_a_bad_duration_has_gos_words(text: str, message: str) -> None:
    with pytest.raises(ValueError) as caught:
        parse_duration(text)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [
        (0, "0s"),
        (1, "1ns"),
        (1_071_084, "1.071084ms"),
        (342_500_000, "342.5ms"),
        (4_648_158_584, "4.648158584s"),
        (60_000_000_000, "1m0s"),
        (3_600_000_000_000, "1h0m0s"),
        (-1_500_000_000, "-1.5s"),
    ],
)
def test_a_duration_is_printed(nanoseconds: int, text: str) -> None:
    assert duration_text(nanoseconds) == text


@given(st.integers(-(2**62), 2**62))
def test_what_is_printed_reads_back(nanoseconds: int) -> None:
    assert parse_duration(duration_text(nanoseconds)) == nanoseconds
