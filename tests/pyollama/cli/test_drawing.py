"""Lines that are drawn again and again in the same place."""

import os
import pty
import re
import termios
from io import StringIO

import pytest

from pyollama.cli.drawing import DEFAULT_SIZE, Drawing, fitted, size
from pyollama.cli.progress import Bar, Progress, Spinner

DRAWN = re.compile(
    r"\x1b\[\?2026h\x1b\[\?25l\r(?:\x1b\[(\d+)A)?(.*?)\x1b\[J\r\x1b\[\?2026l", re.DOTALL
)


def drawings(out: StringIO) -> list[tuple[str | None, list[str]]]:
    """How far up each drawing went, and its lines, each without what erases the rest."""
    return [
        (match[1], [line.removesuffix("\x1b[K") for line in match[2].split("\n")])
        for match in DRAWN.finditer(out.getvalue())
    ]


def test_each_drawing_begins_where_the_last_one_began() -> None:
    out, lines = StringIO(), ["one"]
    drawing = Drawing(out, lambda columns, rows: list(lines))
    drawing.draw()
    lines += ["two", "three"]
    drawing.draw()
    drawing.draw()
    assert drawings(out) == [
        (None, ["one"]),
        (None, ["one", "two", "three"]),
        ("2", ["one", "two", "three"]),
    ]


def test_the_last_drawing_ends_with_a_newline_and_the_cursor() -> None:
    out = StringIO()
    drawing = Drawing(out, lambda columns, rows: ["one"])
    drawing.start()
    drawing.stop()
    assert len(drawings(out)) >= 2
    assert out.getvalue().endswith("\x1b[?2026l\n\x1b[?25h")
    assert not drawing.thread.is_alive()


def test_what_the_terminal_echoes_breaks_no_line_and_is_drawn_over() -> None:
    out = StringIO()
    Drawing(out, lambda columns, rows: ["one"]).draw()
    assert out.getvalue().removesuffix("\x1b[?2026l").endswith("\r")


@pytest.mark.parametrize(
    ("line", "columns", "shown"),
    [
        ("abc", 4, "abc"),
        ("abcd", 4, "abc"),
        ("", 1, ""),
        ("日本語", 5, "日本"),
        ("日本語", 4, "日"),
    ],
)
def test_a_line_is_cut_before_the_last_column(line: str, columns: int, shown: str) -> None:
    assert fitted(line, columns) == shown


@pytest.mark.parametrize("columns", [1, 10, 40, 80, 200])
def test_no_line_of_a_pull_is_as_wide_as_the_terminal(columns: int) -> None:
    progress = Progress()
    bar = Bar("pulling 0123456789ab:", 4_700_000_000)
    bar.set(1_000_000_000)
    progress.states = [Spinner("pulling manifest"), bar]
    for line in progress.lines(columns, 24):
        assert len(fitted(line, columns)) < columns
    assert ("█" in bar.line(columns)) == (columns >= 80)


def test_the_size_is_that_of_the_terminal_written_to() -> None:
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (7, 33))
    with os.fdopen(theirs, "w") as out, os.fdopen(ours, "rb"):
        assert size(out) == (33, 7)
    assert size(StringIO()) == DEFAULT_SIZE
