"""Spinners, bars and what stands on stderr while one waits."""

import re
import sys
import time
from io import StringIO
from typing import Any

import pytest

from pyollama.cli import waiting as waiting_module
from pyollama.cli.progress import Bar, Copying, Progress, Spinner, show_progress
from pyollama.cli.waiting import COMPILING, Waiting


class Terminal(StringIO):
    """A stderr that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_a_spinner_turns_until_it_is_done() -> None:
    spinner = Spinner("writing manifest")
    assert spinner.line(80).startswith("writing manifest ")
    assert spinner.line(80)[-2] in "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
    spinner.done = True
    assert spinner.line(80) == "writing manifest"


def test_a_bar_fills_the_width() -> None:
    bar = Bar("pulling abc:", 2_000_000)
    assert bar.line(100).startswith("pulling abc:   0% ▕ ")
    bar.set(1_000_000)
    line = bar.line(100)
    assert line.startswith("pulling abc:  50% ▕█")
    assert "▏   1 MB/2 MB" in line
    assert line.count("█") == pytest.approx(line.count("█") + line.count(" ▏"), abs=1)
    assert len(line) <= 100
    bar.set(3_000_000)
    assert bar.line(100).startswith("pulling abc: 100% ▕█")
    assert "2 MB" in bar.line(100)


def test_a_bar_fits_a_narrow_terminal() -> None:
    assert "█" not in Bar("a long label", 10).line(20)


def test_a_bar_tells_rate_and_time_left(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    bar = Bar("x", 100_000_000)
    now[0] = 2.0
    bar.set(20_000_000)
    assert bar.line(100).endswith(" 20 MB/100 MB   10 MB/s      8s")


def test_an_empty_file_is_done_at_once() -> None:
    assert Bar("x", 0).done
    assert "100%" in Bar("x", 0).line(80)


def test_without_a_terminal_each_status_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    bars: dict[str, Bar] = {}
    with Progress() as progress:
        lines: list[dict[str, Any]] = [
            {"status": "pulling manifest"},
            {"status": "pulling manifest"},
            {"status": "pulling abc", "digest": "d", "total": 4, "completed": 1},
            {"status": "pulling abc", "digest": "d", "total": 4, "completed": 4},
            {"status": "success"},
        ]
        for line in lines:
            show_progress(progress, line, bars)
    assert capsys.readouterr().err == "pulling manifest\npulling abc:\nsuccess\n"
    assert bars["d"].done


def test_on_a_terminal_the_lines_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm-256color")
    with Progress() as progress:
        progress.add(Spinner("one"))
        progress.add(Bar("two", 10))
    text = terminal.getvalue()
    assert "one\x1b[K\n" in text
    assert "two   0% ▕" in text
    assert text.endswith("\n\x1b[?25h")  # on a line of its own, and the cursor is back


def test_progress_has_no_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with Progress() as progress:
        progress.add(Bar("two", 10))
    assert not re.search(r"\x1b\[[0-9;]*m", terminal.getvalue())


def test_a_terminal_that_cannot_move_its_cursor_gets_plain_lines(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "dumb")
    with Progress() as progress:
        progress.add(Spinner("one"))
        progress.add(Bar("two:", 10))
    assert terminal.getvalue() == "one\ntwo:\n"


def test_bars_of_a_push_have_the_status_as_their_label(capsys: pytest.CaptureFixture[str]) -> None:
    bars: dict[str, Bar] = {}
    line = {"status": "pushing abc", "digest": "d", "total": 4, "completed": 4}
    with Progress() as progress:
        show_progress(progress, line, bars, colon="")
    assert capsys.readouterr().err == "pushing abc\n"


def test_only_the_last_lines_that_fit_are_drawn() -> None:
    progress = Progress()
    progress.states = [Spinner(str(number)) for number in range(30)]
    assert [line[:2] for line in progress.lines(80, 3)] == ["28", "29"]


def test_waiting_draws_and_erases(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with Waiting() as waiting:
        while "⠙" not in terminal.getvalue():
            time.sleep(0.01)
        waiting.stop()
        waiting.stop()
    assert terminal.getvalue().endswith("\r\x1b[2K")


def test_waiting_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    counts = iter([3, 3, 5])
    waiting = Waiting(lambda: next(counts))
    assert waiting.message() == ""
    waiting.started -= 4
    assert waiting.message() == "loading (4 s) "
    assert waiting.message() == "loading (4 s) "
    assert waiting.message() == f"{COMPILING}: 2 done (4 s) "


def test_a_line_of_waiting_fits_a_narrow_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(waiting_module, "size", lambda out: (20, 5))
    counts = iter(range(10**6))
    with Waiting(lambda: next(counts)) as waiting:
        waiting.started -= 10
        while "compiling" not in terminal.getvalue():
            time.sleep(0.01)
    lines = terminal.getvalue().split("\r\x1b[2K")
    assert max(map(len, lines)) < 20
    assert "compiling kernels⠙ " in [line.replace("⠋", "⠙") for line in lines]


def test_waiting_without_a_terminal_says_only_that_it_compiles(
    capsys: pytest.CaptureFixture[str],
) -> None:
    counts = iter(range(10**6))
    with Waiting(lambda: next(counts)) as waiting:
        waiting.started -= 10
        while next(counts) < 8:
            time.sleep(0.01)
    assert capsys.readouterr().err in ("", f"{COMPILING}\n")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (8, "8s"),
        (62, "1m2s"),
        (3600, "1h0m"),
        (2 * 3600 + 300, "2h5m"),
        (359_999, "99h59m"),
        (360_000, "99h+"),
    ],
)
def test_the_time_left_has_at_most_two_units(
    monkeypatch: pytest.MonkeyPatch, seconds: int, text: str
) -> None:
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    bar = Bar("x", 1000 * (seconds + 1))
    now[0] = 1.0
    bar.set(1000)
    assert bar.line(100).endswith(f"{'1 KB/s':>10}{text:>8}")


def test_the_rate_is_that_of_the_last_ten_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    bar = Bar("x", 10**9)
    for second in range(1, 31):  # a slow start, and 1 MB in each of the last ten seconds
        now[0] = second
        bar.set(max(second - 20, 0) * 10**6)
    assert " 1 MB/s " in bar.line(100)


def test_a_finished_bar_shows_only_the_total() -> None:
    bar = Bar("x", 2_000_000)
    bar.set(2_000_000)
    assert bar.line(60).rstrip().endswith("█▏   2 MB")


def test_a_file_on_its_way_says_how_much_of_it_is_sent() -> None:
    copying = Copying("sha256:" + "0" * 64, 200)
    copying.set(84)
    assert copying.line(120).startswith(f"copying file sha256:{'0' * 64} 42% ")
    assert len(copying.line(44)) < 44
    assert copying.line(44)[:-2].rstrip().endswith("0 42%")
    copying.done = True
    assert copying.line(120) == f"copying file sha256:{'0' * 64} 42%"
    assert Copying("sha256:0", 0).line(80).startswith("copying file sha256:0 100%")
