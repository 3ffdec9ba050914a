"""Sizes, times and tables as Ollama prints them."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyollama.cli.human import human_bytes, human_time, parse_time, table

NOW = datetime(2026, 8, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1 KB"),
        (1040, "1.0 KB"),
        (1500, "1.5 KB"),
        (9_990_000_000, "10.0 GB"),
        (10_000_000_000, "10 GB"),
        (10_999_999_999, "10 GB"),
        (2_019_393_189, "2.0 GB"),
        (5_000_000_000_000, "5 TB"),
    ],
)
def test_sizes(size: int, text: str) -> None:
    assert human_bytes(size) == text


@pytest.mark.parametrize(
    ("past", "text"),
    [
        (timedelta(0), "Less than a second ago"),
        (timedelta(seconds=1.9), "1 second ago"),
        (timedelta(seconds=59), "59 seconds ago"),
        (timedelta(seconds=90), "About a minute ago"),
        (timedelta(minutes=59, seconds=59), "59 minutes ago"),
        (timedelta(minutes=61), "About an hour ago"),
        (timedelta(minutes=119), "2 hours ago"),
        (timedelta(hours=47), "47 hours ago"),
        (timedelta(hours=48), "2 days ago"),
        (timedelta(days=13), "13 days ago"),
        (timedelta(days=14), "2 weeks ago"),
        (timedelta(days=59), "8 weeks ago"),
        (timedelta(days=60), "2 months ago"),
        (timedelta(days=800), "2 years ago"),
        (timedelta(minutes=-4, seconds=-30), "4 minutes from now"),
        (timedelta(days=-365 * 30), "Forever"),
    ],
)
def test_times(past: timedelta, text: str) -> None:
    assert human_time(NOW - past, NOW) == text


def test_the_zero_time_is_never() -> None:
    assert human_time(parse_time("0001-01-01T00:00:00Z"), NOW) == "Never"


@pytest.mark.parametrize(
    "text",
    ["2026-08-01T02:00:00+02:00", "2026-08-01T00:00:00.000000001Z", "2026-08-01T00:00:00.0Z"],
)
def test_times_of_the_api_are_read(text: str) -> None:
    assert parse_time(text) == NOW


def test_a_table_has_the_blanks_of_ollamas() -> None:
    rows = [("llama3.2:latest", "a80c4f17acd5", "2.0 GB", "3 days ago")]
    assert table(("NAME", "ID", "SIZE", "MODIFIED"), rows) == (
        "NAME               ID              SIZE      MODIFIED   \n"
        "llama3.2:latest    a80c4f17acd5    2.0 GB    3 days ago    "
    )
    assert table(("NAME", "ID"), []) == "NAME    ID "


@given(st.integers(0, 10**16))
def test_a_size_keeps_its_magnitude(size: int) -> None:
    number, unit = human_bytes(size).split()
    factor = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}[unit]
    assert abs(float(number) * factor - size) <= max(0.1 * size, 0)
