"""Each edge case names what covers it, and the page that lists them is fresh."""

import edge_cases
import pytest
from edge_cases import Row

NATIVE = edge_cases.read_rows(edge_cases.NATIVE)
STORE = edge_cases.read_rows(edge_cases.STORE)


@pytest.mark.parametrize(("rows", "number"), [(NATIVE, 229), (STORE, 75)], ids=["native", "store"])
def test_every_edge_case_is_there_once(rows: list[Row], number: int) -> None:
    assert [row.number for row in rows] == list(range(1, number + 1))


@pytest.mark.parametrize("row", NATIVE + STORE, ids=lambda row: f"{row.area}{row.number}")
def test_an_edge_case_is_covered_or_says_what_it_waits_for(row: Row) -> None:
    assert row.request
    assert row.answer
    assert row.covered_by or row.later
    assert "|" not in row.request + row.answer  # it would end a cell of the table
    assert list(edge_cases.unknown_names(row)) == []


@pytest.mark.parametrize(
    "name",
    [
        "root/no such case",
        "tests/test_edge_cases.py::test_no_such_test",
        "tests/test_no_such_file.py::test_x",
    ],
)
def test_a_name_that_nothing_has_is_noticed(name: str) -> None:
    known = "tests/test_edge_cases.py::test_every_edge_case_is_there_once"
    assert list(edge_cases.unknown_names(Row(1, "r", "a", [known, name]))) == [name]


def test_the_page_is_what_the_data_make() -> None:
    page = edge_cases.PAGE.read_text("utf-8")
    assert page == edge_cases.page(), "run: python tests/support/edge_cases.py"
