"""The keys of the line editor: what is typed, and what becomes of the line."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from prompt_toolkit.application import Application, create_app_session
from prompt_toolkit.input import PipeInput, create_pipe_input
from prompt_toolkit.output import DummyOutput

from pyollama.cli.repl import editing
from pyollama.cli.repl.conversation import Abandoned
from pyollama.cli.repl.editing import LineEditor, continuation
from pyollama.cli.repl.history import HistoryFile

CTRL = {letter: chr(ord(letter) - 64) for letter in "ABCDEFHIKLNPUWZ"}
ESC = "\x1b"
UP, DOWN, RIGHT, LEFT = (f"{ESC}[{letter}" for letter in "ABCD")
HOME, END, DELETE = f"{ESC}[H", f"{ESC}[F", f"{ESC}[3~"


@pytest.fixture
def keyboard(monkeypatch: pytest.MonkeyPatch) -> Iterator[PipeInput]:
    """Keys for every editor made meanwhile, whose terminal shows nothing."""
    monkeypatch.setattr(editing, "output", DummyOutput)
    with create_pipe_input() as keys, create_app_session(input=keys, output=DummyOutput()):
        yield keys


@pytest.fixture
def editor(keyboard: PipeInput, tmp_path: Path) -> LineEditor:
    """An editor with two lines of an earlier session."""
    path = tmp_path / "history"
    path.write_text("first\nsecond\n")
    return LineEditor(HistoryFile(path))


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        ("world" + CTRL["A"] + "hello " + CTRL["E"] + ".", "hello world."),
        ("world" + HOME + "hello " + END + ".", "hello world."),
        ("ac" + CTRL["B"] + "b" + CTRL["F"] + "d", "abcd"),
        ("ac" + LEFT + "b" + RIGHT + "d", "abcd"),
        ("one three" + ESC + "b" + "two " + ESC + "f" + ".", "one two three."),
        ("ab" + CTRL["H"] + "c", "ac"),
        ("ab\x7fc", "ac"),
        ("abc" + CTRL["A"] + DELETE, "bc"),
        ("abc" + CTRL["A"] + CTRL["D"], "bc"),
        ("one two" + ESC + "b" + CTRL["K"] + "!", "one !"),
        ("one two" + ESC + "b" + CTRL["U"], "two"),
        ("one two" + CTRL["W"] + "!", "one !"),
        ("one two" + ESC + "\x7f" + "!", "one !"),
        (UP, "second"),
        (UP + UP + "!", "first!"),
        (UP + UP + DOWN, "second"),
        (CTRL["P"] + CTRL["P"] + CTRL["N"], "second"),
        ("a\tb", "a        b"),
        ("a" + CTRL["L"] + "b", "ab"),
        ("one\ntwo", "one\ntwo"),
        (f"{ESC}[200~one\r\ntwo\n{ESC}[201~three", "one\ntwo\nthree"),
    ],
)
def test_keys_edit_the_line(editor: LineEditor, keyboard: PipeInput, keys: str, line: str) -> None:
    keyboard.send_text(keys + "\r")
    assert editor.read() == line


def test_ctrl_c_gives_the_line_up(editor: LineEditor, keyboard: PipeInput) -> None:
    keyboard.send_text("some" + CTRL["C"])
    with pytest.raises(Abandoned) as abandoned:
        editor.read()
    assert abandoned.value.line == "some"


def test_ctrl_d_ends_only_on_an_empty_line(editor: LineEditor, keyboard: PipeInput) -> None:
    keyboard.send_text("ab" + CTRL["D"] + "\r" + CTRL["D"])
    assert editor.read() == "ab"
    with pytest.raises(EOFError):
        editor.read()


def test_ctrl_z_suspends(
    editor: LineEditor, keyboard: PipeInput, monkeypatch: pytest.MonkeyPatch
) -> None:
    suspended: list[bool] = []
    monkeypatch.setattr(Application, "suspend_to_background", lambda self: suspended.append(True))
    keyboard.send_text("a" + CTRL["Z"] + "b\r")
    assert (editor.read(), suspended) == ("ab", [True])


def test_what_is_read_is_kept_for_later_sessions(
    editor: LineEditor, keyboard: PipeInput, tmp_path: Path
) -> None:
    keyboard.send_text("third\r")
    editor.read()
    assert (tmp_path / "history").read_text() == "first\nsecond\nthird\n"


def test_the_rest_of_a_long_line_stands_under_it_and_a_further_line_has_its_own_prompt() -> None:
    assert (continuation(4, 0, 1), continuation(4, 1, 0)) == ("    ", "... ")
