"""The command line, row by row, and the tests that hold each row: a page, made from data.

    python tests/support/cli_table.py

reads ``docs/cli.toml`` and writes ``docs/cli.md``. A row says what a user does (`when`), what comes
of it (`then`), and names its tests as ``file.py::function``, below ``tests/``.
"""

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import edge_cases

DATA = edge_cases.ROOT / "docs" / "cli.toml"
PAGE = edge_cases.ROOT / "docs" / "cli.md"

HEAD = """\
# The command line, row by row

<!-- Made from cli.toml by tests/support/cli_table.py: change the rows there. -->

What each command, flag, key and instruction does, and the tests (`file::function`, below \
`tests/`) that hold it. It is what Ollama does, unless a row says otherwise. How it looks is in \
[terminal.md](terminal.md).
"""


@dataclass(frozen=True)
class Row:
    """One rule, and the tests that hold it."""

    when: str
    then: str
    tests: Sequence[str]


@dataclass(frozen=True)
class Section:
    """Rules about one subject."""

    title: str
    rows: Sequence[Row]


def read_sections() -> list[Section]:
    """The sections of the data, in its order. TypeError for a key that rows do not have."""
    data = tomllib.loads(DATA.read_text("utf-8"))["section"]
    return [Section(one["title"], [Row(**row) for row in one["row"]]) for one in data]


def markdown(sections: Sequence[Section]) -> str:
    """The page: how many rows there are, and a table per section."""
    n_row = sum(len(section.rows) for section in sections)
    n_test = len({name for section in sections for row in section.rows for name in row.tests})
    lines = [HEAD, f"{n_row} rows, held by {n_test} tests."]
    for section in sections:
        lines += ["", f"## {section.title}", "", "| when | then | tests |", "| --- | --- | --- |"]
        for row in section.rows:
            tests = "<br>".join(f"`{name}`" for name in row.tests)
            lines.append(f"| {row.when} | {row.then} | {tests} |")
    return "\n".join(lines) + "\n"


def unknown_tests(row: Row) -> Iterator[str]:
    """The names of tests that no file defines."""
    names = [f"tests/{name}" for name in row.tests]
    return edge_cases.unknown_names(edge_cases.Row(0, row.when, row.then, names))


if __name__ == "__main__":
    PAGE.write_text(markdown(read_sections()), "utf-8")
