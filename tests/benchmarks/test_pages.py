"""Tables are put between the markers of a page, and nothing else of it changes."""

from pathlib import Path

import pages
import pytest

PAGE = """# Speed

<!-- table: written by a script -->
old
<!-- end of table -->

text
<!-- growth by batch: another -->
<!-- end of growth by batch -->
"""


def test_what_lies_between_the_markers_is_replaced() -> None:
    text = pages.replaced(PAGE, "table", "\nnew\n")
    assert "<!-- table: written by a script -->\n\nnew\n\n<!-- end of table -->" in text
    assert "old" not in text
    assert text.replace("\n\nnew\n\n", "\nold\n") == PAGE


def test_writing_twice_is_writing_once() -> None:
    once = pages.replaced(PAGE, "growth by batch", "| a |")
    assert pages.replaced(once, "growth by batch", "| a |") == once


@pytest.mark.parametrize(
    ("page", "message"),
    [
        ("nothing", "one pair"),
        (PAGE + PAGE, "one pair"),
        ("<!-- table: x -->", "one pair"),
        ("<!-- end of table --> <!-- table: x -->", "wrong order"),
        ("<!-- table: never closed <!-- end of table", "one pair"),
    ],
)
def test_a_page_without_one_pair_of_markers_is_refused(page: str, message: str) -> None:
    with pytest.raises(pages.MarkerError, match=message):
        pages.replaced(page, "table", "new")


def test_a_refused_page_is_left_as_it_is(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("nothing", "utf-8")
    with pytest.raises(pages.MarkerError):
        pages.write_between(page, "table", "new")
    assert page.read_text("utf-8") == "nothing"


def test_the_documentation_has_a_place_for_everything_that_is_written() -> None:
    page = pages.PAGE.read_text("utf-8")
    for name in (
        "table",
        *(f"growth by {it}" for it in ("context", "batch", "vocabulary", "size")),
    ):
        pages.replaced(page, name, "")  # raises if there is none
