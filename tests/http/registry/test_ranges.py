"""Range headers of RFC 9110, for a file of ten bytes."""

import pytest

from pyollama_http.registry.ranges import Unsatisfiable, requested


@pytest.mark.parametrize(
    ("header", "span"),
    [
        ("bytes=0-9", range(10)),
        ("bytes=0-0", range(1)),
        ("bytes=3-5", range(3, 6)),
        ("bytes=9-9", range(9, 10)),
        ("bytes=4-", range(4, 10)),
        ("bytes=4-99999999999999999999", range(4, 10)),
        ("bytes=-3", range(7, 10)),
        ("bytes=-30", range(10)),
        ("Bytes= 1-2 ", range(1, 3)),
    ],
)
def test_one_range_is_cut_to_the_file(header: str, span: range) -> None:
    assert requested(header, 10) == span


@pytest.mark.parametrize(
    "header",
    ["", "bytes", "bytes=", "bytes=-", "bytes=5-4", "bytes=a-b", "bytes=0-1,4-5", "bytes=--1",
     "bytes=1-2-3", "items=0-1", "bytes=0x1-2", "bytes=٠-١", "bytes=+0-1", "bytes=0 - 1",
     "bytes=" + "9" * 21 + "-"],
)  # fmt: skip
def test_what_is_no_single_range_is_overlooked(header: str) -> None:
    assert requested(header, 10) is None


@pytest.mark.parametrize("header", ["bytes=10-", "bytes=10-12", "bytes=-0", "bytes=9999-"])
def test_a_range_beyond_the_end_cannot_be_satisfied(header: str) -> None:
    with pytest.raises(Unsatisfiable):
        requested(header, 10)


@pytest.mark.parametrize("header", ["bytes=0-", "bytes=0-0", "bytes=-1"])
def test_an_empty_file_satisfies_no_range(header: str) -> None:
    with pytest.raises(Unsatisfiable):
        requested(header, 0)
