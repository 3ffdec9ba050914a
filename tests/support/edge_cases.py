"""The edge cases of the native API and what shows each of them: a table, made from data.

    python tests/support/edge_cases.py

reads ``docs/edge_cases.toml`` and writes ``docs/edge-cases.md``. A row names the conformance cases
(``topic/description``) and the tests (``tests/file.py::function``) that cover it, and says in
``later`` what it waits for if it does not hold yet, or not in all of its parts.
"""

import ast
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pyollama_conformance.case import load_cases

ROOT = Path(__file__).parents[2]
DATA = ROOT / "docs" / "edge_cases.toml"
PAGE = ROOT / "docs" / "edge-cases.md"

HEAD = """\
# The edge cases of the native API

<!-- Made from edge_cases.toml by tests/support/edge_cases.py: change the rows there. -->

What clients may send besides plain requests, what is answered, and what shows it: a case of the \
conformance suite (`topic/description`, run by `python -m pyollama_conformance URL`), or, where \
plain HTTP to one server does not suffice, a test (`file::function`, below `tests/`).

In the requests, generate is `POST /api/generate`, chat `POST /api/chat`, and so on. A model m \
makes text, e makes embeddings, x is not stored. Of an error the text is given, which is sent as \
`{"error":"…"}`.

"""


@dataclass(frozen=True)
class Row:
    """One edge case; `later` is what it, or a part of it, waits for."""

    number: int
    request: str
    answer: str
    covered_by: Sequence[str] = ()
    later: str = ""

    @property
    def state(self) -> str:
        """Whether it is covered, covered in part, or left for later."""
        if not self.covered_by:
            return "later"
        return "in part" if self.later else "covered"


def read_rows() -> list[Row]:
    """The rows of the data, in its order. TypeError for a key that rows do not have."""
    return [Row(**row) for row in tomllib.loads(DATA.read_text("utf-8"))["row"]]


def markdown(rows: Sequence[Row]) -> str:
    """The page: how many rows are in which state, and the table."""
    count = Counter(row.state for row in rows)
    states = ", ".join(f"{count[state]} {state}" for state in ("covered", "in part", "later"))
    lines = [f"{len(rows)} rows: {states}.", ""]
    lines += ["| # | request | answer | shown by |", "| --- | --- | --- | --- |"]
    lines += [f"| {row.number} | {row.request} | {row.answer} | {_shown_by(row)} |" for row in rows]
    return HEAD + "\n".join(lines) + "\n"


def _shown_by(row: Row) -> str:
    names = [f"`{name.removeprefix('tests/')}`" for name in row.covered_by]
    return "<br>".join([*names, *([f"later: {row.later}"] if row.later else [])])


def unknown_names(row: Row) -> Iterator[str]:
    """The names in `covered_by` that no conformance case that is run, and no test, has."""
    for name in row.covered_by:
        file, _, function = name.partition("::")
        if function not in _functions(file) if function else name not in _cases():
            yield name


@cache
def _cases() -> frozenset[str]:
    return frozenset(case.name for case in load_cases() if not case.disabled)


@cache
def _functions(file: str) -> frozenset[str]:
    """The tests that a file defines; none if there is no such file."""
    path = ROOT / file
    tree = ast.parse(path.read_text("utf-8") if path.is_file() else "")
    names = (node.name for node in tree.body if isinstance(node, ast.FunctionDef))
    return frozenset(name for name in names if name.startswith("test_"))


if __name__ == "__main__":
    PAGE.write_text(markdown(read_rows()), "utf-8")
