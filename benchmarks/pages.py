"""Tables and figures put into a page of the documentation, each between two markers.

<!-- table: written by benchmarks/table.py -->
...
<!-- end of table -->
"""

from pathlib import Path

DOCS = Path(__file__).parent.parent / "docs"
PAGE = DOCS / "performance.md"


class MarkerError(ValueError):
    """A page has not exactly one pair of the markers."""


def write_between(page: Path, name: str, text: str) -> None:
    """Replace what lies between a page's markers of a name. MarkerError if it has not one pair."""
    page.write_text(replaced(page.read_text("utf-8"), name, text), "utf-8")


def replaced(page: str, name: str, text: str) -> str:
    """The page with another text between the markers of a name; what is outside stays."""
    begin, end = f"<!-- {name}: ", f"<!-- end of {name} -->"
    if page.count(begin) != 1 or page.count(end) != 1:
        raise MarkerError(f"the page needs one pair of markers: {begin}... --> and {end}")
    head, rest = page.split(begin)
    marker, closed, inside = rest.partition("-->")
    _, found, tail = inside.partition(end)
    if not closed or not found:
        raise MarkerError(f"the markers of {name} are in the wrong order")
    return f"{head}{begin}{marker}-->\n\n{text.strip()}\n\n{end}{tail}"
