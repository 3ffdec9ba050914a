"""Ctrl-G's editor: which one, what comes back, and when there is none."""

import shlex
import sys

import pytest

from pyollama.cli.errors import CommandError
from pyollama.cli.repl.composing import composed, editor_command

SHOUT = "import pathlib, sys; p = pathlib.Path(sys.argv[1]); p.write_text(p.read_text().upper())"


@pytest.mark.parametrize(
    ("environ", "command"),
    [
        ({"OLLAMA_EDITOR": "a -w", "VISUAL": "b", "EDITOR": "c"}, ["a", "-w"]),
        ({"OLLAMA_EDITOR": " ", "VISUAL": "b", "EDITOR": "c"}, ["b"]),
        ({"EDITOR": "c"}, ["c"]),
        ({}, ["vi"]),
    ],
)
def test_the_first_variable_that_is_set_names_the_editor(
    environ: dict[str, str], command: list[str]
) -> None:
    assert editor_command(environ) == command


def test_the_text_comes_back_as_it_was_saved(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_EDITOR", shlex.join([sys.executable, "-c", SHOUT]))
    assert composed("one\ntwo\n") == "ONE\nTWO"


def test_an_editor_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_EDITOR", "no-such-editor")
    words = 'editor "no-such-editor" not found, '
    with pytest.raises(CommandError, match=words + "set OLLAMA_EDITOR to the path of your"):
        composed("x")
