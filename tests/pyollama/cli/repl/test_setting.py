"""/set: parameters, the system message, format, thinking, and how answers are shown."""

from pathlib import Path
from typing import Any

import pytest

from pyollama.cli.repl.conversation import Abandoned, Conversation


@pytest.mark.parametrize(
    ("words", "value", "shown"),
    [
        ("temperature 0.5", 0.5, "0.5"),
        ("seed 42", 42, "42"),
        ("stop a", ["a"], "a"),
        ("stop a b", ["a", "b"], "a, b"),
    ],
)
def test_a_parameter_is_an_option_of_every_request(
    enter: Any, server: Any, words: str, value: Any, shown: str
) -> None:
    name = words.split()[0]
    printed = enter(f"/set parameter {words}", "hi")
    assert printed.out == f"Set parameter '{name}' to '{shown}'\nYes.\n\n"
    assert server.bodies("POST /api/chat")[0]["options"] == {name: value}


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ("temperature x", "invalid float value [x]"),
        ("seed 1.5", "invalid int value [1.5]"),
        ("nonsense 1", "unknown parameter 'nonsense'"),
    ],
)
def test_a_parameter_that_cannot_be_changes_nothing(
    enter: Any, talk: Conversation, words: str, error: str
) -> None:
    assert enter(f"/set parameter {words}").out == f'Couldn\'t set parameter: "{error}"\n'
    assert talk.options == {}


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        (["/set system You  are kind."], "You are kind."),
        (['/set system """one line"""'], "one line"),
        (['/set system """a', "b", '"""'], "a\nb\n"),
        (['/set system """', 'a"""'], "a"),
    ],
)
def test_a_system_message_precedes_what_is_said_after_it(
    enter: Any, server: Any, lines: list[str], text: str
) -> None:
    assert enter(*lines, "hi").out == "Set system message.\nYes.\n\n"
    assert server.bodies("POST /api/chat")[0]["messages"] == [
        {"role": "system", "content": text},
        {"role": "user", "content": "hi"},
    ]


def test_a_second_system_message_replaces_the_one_before_unless_something_was_said(
    enter: Any, talk: Conversation
) -> None:
    enter("/set system a", "/set system b", "hi", "/set system c")
    assert [m["content"] for m in talk.messages] == ["b", "hi", "Yes.", "c"]


def test_an_abandoned_system_message_is_not_set(enter: Any, talk: Conversation) -> None:
    enter('/set system """a', Abandoned("b"))
    assert (talk.system, talk.messages) == ("", [])


def test_the_format_is_json_or_none(enter: Any, server: Any) -> None:
    lines = ["/set format json", "a", "/set noformat", "b", "/set format xml", "/set format"]
    bad = "Invalid or missing format. For 'json' mode use '/set format json'\n"
    assert enter(*lines).out == (
        f"Set format to 'json' mode.\nYes.\n\nDisabled format.\nYes.\n\n{bad}{bad}"
    )
    assert [body.get("format") for body in server.bodies("POST /api/chat")] == ["json", None]


@pytest.mark.parametrize(
    ("line", "think", "said"),
    [
        ("/set think", True, "Set 'think' mode.\n"),
        ("/set think high", "high", "Set 'think' mode to 'high'.\n"),
        ("/set nothink", False, "Set 'nothink' mode.\n"),
    ],
)
def test_thinking_is_chosen_and_stays_chosen(
    enter: Any, server: Any, talk: Conversation, line: str, think: Any, said: str
) -> None:
    talk.shown["capabilities"] = ["completion", "thinking"]
    server.answers["POST /api/show"] = (200, talk.shown)
    printed = enter(line, "/load n", "hi")
    assert (printed.out.startswith(said), printed.err) == (True, "")
    assert server.bodies("POST /api/chat")[0]["think"] == think


def test_a_model_that_cannot_think_is_warned_of(enter: Any) -> None:
    assert enter("/set think").err == 'warning: model "m" does not support thinking output\n'


@pytest.mark.parametrize("name", ["wordwrap", "nowordwrap", "verbose", "quiet"])
def test_modes_of_the_view(enter: Any, name: str) -> None:
    assert enter(f"/set {name}").out == f"Set '{name}' mode.\n"


def test_word_wrap_is_switched(enter: Any, talk: Conversation) -> None:
    enter("/set nowordwrap")
    assert not talk.view.word_wrap
    enter("/set wordwrap")
    assert talk.view.word_wrap


def test_history_is_switched_silently(enter: Any, talk: Conversation, tmp_path: Path) -> None:
    assert enter("/set nohistory").out == ""
    talk.history.add("lost")
    assert enter("/set history").out == ""
    talk.history.add("kept")
    assert (tmp_path / "history").read_text() == "kept\n"


def test_an_unknown_variable_is_named(enter: Any) -> None:
    assert enter("/set foo bar").out == "Unknown command '/set foo'. Type /? for help\n"
