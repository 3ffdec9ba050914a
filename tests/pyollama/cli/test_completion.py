"""What shells are told when Tab is pressed, and the scripts with which they ask."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

MODELS = ["llama3.2:1b", "llama3.2:latest", "mine:latest"]


@pytest.fixture
def stored(server: Any) -> Any:
    server.answers["GET /api/tags"] = (200, {"models": [{"name": name} for name in MODELS]})
    server.answers["GET /api/ps"] = (200, {"models": [{"name": "mine:latest"}]})
    return server


def asked(shell: str, **variables: str) -> list[str]:
    """The lines that the program gives a shell which asks it so."""
    environ = {**os.environ, "_PYOLLAMA_COMPLETE": f"{shell}_complete", **variables}
    command = [sys.executable, "-m", "pyollama"]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return [line for line in done.stdout.splitlines() if line]


def completed(line: str) -> list[str]:
    """What bash is told for a line whose end is where the cursor stands; colons break words."""
    return asked("bash", COMP_LINE=line, COMP_WORDBREAKS=" \t\n\"'><=;|&(:")


@pytest.mark.parametrize(
    ("line", "items"),
    [
        ("pyollama p", ["pull", "push", "ps"]),
        ("pyollama he", ["help"]),
        ("pyollama help sh", ["show"]),
        ("pyollama help he", []),
        ("pyollama completion z", ["zsh"]),
        ("pyollama pull --ins", ["--insecure"]),
        ("pyollama nothing ", []),
    ],
)
def test_commands_and_flags_are_completed(line: str, items: list[str]) -> None:
    assert completed(line) == [f"plain,{item}" for item in items]


@pytest.mark.parametrize(
    ("line", "items"),
    [
        ("pyollama show m", ["mine:latest"]),
        ("pyollama show M", ["mine:latest"]),
        ("pyollama show ", MODELS),
        ("pyollama show --modelfile lla", MODELS[:2]),
        ("pyollama run llama3.2:", ["1b", "latest"]),  # bash has what stands before the colon
        ("pyollama show llama3.2:l", ["latest"]),
        ("pyollama show mine ", []),
        ("pyollama cp mine ", []),
        ("pyollama rm mine:latest ", MODELS[:2]),
        ("pyollama stop ", ["mine:latest"]),
        ("pyollama create ", []),
        ("pyollama export mi", ["mine:latest"]),
        ("pyollama import mine.tar ", []),
    ],
)
def test_models_are_completed(stored: Any, line: str, items: list[str]) -> None:
    assert completed(line) == [f"plain,{item}" for item in items]


@pytest.mark.parametrize(
    "line",
    ["pyollama template mine ", "pyollama create x -f ", "pyollama export mine ",
     "pyollama import "],
)  # fmt: skip
def test_files_are_left_to_the_shell(stored: Any, line: str) -> None:
    assert [item.partition(",")[0] for item in completed(line)] == ["file"]


def test_without_a_server_nothing_is_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_HOST", "127.0.0.1:1")
    assert completed("pyollama show m") == []


@pytest.mark.parametrize(
    "answer", [{"models": None}, {"models": [{}]}, {"models": [{"name": "m$(ls)"}]}, [1], {}]
)
def test_what_is_no_list_of_names_offers_nothing(server: Any, answer: Any) -> None:
    server.answers["GET /api/tags"] = (200, answer)
    assert completed("pyollama show m") == []


def test_zsh_gets_each_command_with_what_it_does() -> None:
    lines = asked("zsh", COMP_WORDS="pyollama pu", COMP_CWORD="1")
    assert lines[:3] == ["plain", "pull", "Pull a model from a registry"]
    assert lines[3:5] == ["plain", "push"]


def test_zsh_gets_names_with_their_colons(stored: Any) -> None:
    lines = asked("zsh", COMP_WORDS="pyollama show llama3.2:1", COMP_CWORD="2")
    assert lines == ["plain", "llama3.2:1b", "_"]


def test_fish_gets_names_and_what_commands_do(stored: Any) -> None:
    assert asked("fish", COMP_WORDS="pyollama cp", COMP_CWORD="cp") == ["plain,cp\tCopy a model"]
    lines = asked("fish", COMP_WORDS="pyollama show mi", COMP_CWORD="mi")
    assert lines == ["plain,mine:latest"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_has_a_script_that_it_can_read(run: Any, shell: str) -> None:
    result = run("completion", shell)
    assert result.code == 0
    assert f"_PYOLLAMA_COMPLETE={shell}_complete" in result.out
    program = shutil.which(shell)
    if program is not None:  # bash is everywhere where the checks run; the others need not be
        subprocess.run([program, "-n"], input=result.out, text=True, check=True)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["tcsh"], 'invalid argument "tcsh" for "pyollama completion"'),
        ([], "accepts 1 arg(s), received 0"),
    ],
)
def test_other_shells_have_none(run: Any, arguments: list[str], words: str) -> None:
    result = run("completion", *arguments)
    assert (result.code, result.err) == (1, f"Error: {words}\n")


def test_bash_completes_with_the_script(run: Any, stored: Any, tmp_path: Path) -> None:
    program = tmp_path / "pyollama"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m pyollama "$@"\n')
    program.chmod(0o755)
    line = "pyollama show llama3.2:1"
    script = f"""{run("completion", "bash").out}
COMP_LINE='{line}' COMP_POINT={len(line)}
_pyollama_completion {program}
printf '%s\\n' "${{COMPREPLY[@]}}"
complete -p pyollama
"""
    command = ["bash", "--norc", "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "1b\ncomplete -o nosort -F _pyollama_completion pyollama\n"
