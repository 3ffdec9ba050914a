"""Edge cases and what shows each of them: two tables of one page, made from data.

    python tests/support/edge_cases.py

reads ``docs/edge_cases.toml``, of the native API, and ``docs/store_edge_cases.toml``, of names, the
store, pull and push, and writes ``docs/edge-cases.md``. A row names the conformance cases
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
NATIVE = ROOT / "docs" / "edge_cases.toml"
STORE = ROOT / "docs" / "store_edge_cases.toml"
PAGE = ROOT / "docs" / "edge-cases.md"

HEAD = """\
# Edge cases

<!-- Made from edge_cases.toml and store_edge_cases.toml by tests/support/edge_cases.py: change \
the rows there. -->

What clients may send, or what may lie in the store or at a registry, besides what is plain; what \
is answered or done; and what shows it: a case of the conformance suite (`topic/description`, run \
by `python -m pyollama_conformance URL`), or, where plain HTTP to one server does not suffice, a \
test (`file::function`, below `tests/`).
"""

OF_NATIVE = """\
## The native API

In the requests, generate is `POST /api/generate`, chat `POST /api/chat`, and so on. A model m \
makes text, e makes embeddings, x is not stored. Of an error the text is given, which is sent as \
`{"error":"…"}`.
"""

OF_STORE = """\
## Names, the store, pull and push

Where Ollama itself would do something else, that is said.
"""


@dataclass(frozen=True)
class Row:
    """One edge case; `later` is what it, or a part of it, waits for, `area` what it is about."""

    number: int
    request: str
    answer: str
    covered_by: Sequence[str] = ()
    later: str = ""
    area: str = ""

    @property
    def state(self) -> str:
        """Whether it is covered, covered in part, or left for later."""
        if not self.covered_by:
            return "later"
        return "in part" if self.later else "covered"


def read_rows(data: Path) -> list[Row]:
    """The rows of a file, in its order. TypeError for a key that rows do not have."""
    return [Row(**row) for row in tomllib.loads(data.read_text("utf-8"))["row"]]


def page() -> str:
    """The whole page."""
    return "\n".join([HEAD, OF_NATIVE, table(read_rows(NATIVE)), OF_STORE, table(read_rows(STORE))])


def table(rows: Sequence[Row]) -> str:
    """How many rows are in which state, and the rows."""
    count = Counter(row.state for row in rows)
    states = ", ".join(f"{count[state]} {state}" for state in ("covered", "in part", "later"))
    lines = [f"{len(rows)} rows: {states}.", ""]
    lines += ["| # | request or case | answer | shown by |", "| --- | --- | --- | --- |"]
    lines += [f"| {row.number} | {_asked(row)} | {row.answer} | {_shown_by(row)} |" for row in rows]
    return "\n".join(lines) + "\n"


def _asked(row: Row) -> str:
    return f"{row.area}: {row.request}" if row.area else row.request


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
    PAGE.write_text(page(), "utf-8")
