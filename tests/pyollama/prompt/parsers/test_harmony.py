"""The messages of gpt-oss, and the names of tools that it can write."""

import time
from collections.abc import Iterable
from typing import Any

import pytest

from pyollama.api import Message
from pyollama.prompt.delta import Delta
from pyollama.prompt.parsers import AnswerError, Start
from pyollama.prompt.parsers.harmony import Harmony, Header, Kind
from pyollama.prompt.parsers.harmony_names import identifier, told_names

TOOLS: list[dict[str, Any]] = [{"type": "function", "function": {"name": "get-forecast"}}]
THINKING = "<|channel|>analysis<|message|>I wonder.<|end|>"
CALL = (
    "<|start|>assistant<|channel|>commentary to=functions.get_forecast <|constrain|>json"
    '<|message|>{"place": "Oslo"}'
)


def deltas(pieces: Iterable[str], start: Start | None = None) -> list[Delta]:
    """What each piece adds, and at last the end of the answer."""
    parser = Harmony(start or Start(tools=TOOLS))
    return [*(parser.add(piece, done=False) for piece in pieces), parser.add("", done=True)]


def parsed(pieces: Iterable[str], start: Start | None = None) -> tuple[str, str, Any]:
    """Content, thinking and calls of an answer."""
    total = sum(deltas(pieces, start), Delta())
    return total.content, total.thinking, [(call.name, call.arguments) for call in total.calls]


def test_a_call_comes_with_the_end_under_the_name_that_the_client_gave() -> None:
    *before, last = deltas([THINKING, CALL])
    assert [(delta.thinking, delta.content, delta.calls) for delta in before] == [
        ("I wonder.", "", ()),
        ("", "", ()),
    ]
    assert [(call.name, call.arguments) for call in last.calls] == [
        ("get-forecast", {"place": "Oslo"})
    ]


@pytest.mark.parametrize(
    ("header", "channel", "recipient", "kind"),
    [
        ("assistant<|channel|>analysis", "analysis", "", Kind.THINKING),
        ("assistant<|channel|>final", "final", "", Kind.CONTENT),
        ("assistant<|channel|>final to=x", "final", "x", Kind.CONTENT),
        ("assistant<|channel|>commentary", "commentary", "", Kind.CONTENT),
        ("assistant<|channel|>commentary to=f", "commentary", "f", Kind.ARGUMENTS),
        ("assistant to=f<|channel|>analysis<|constrain|>json", "analysis", "f", Kind.ARGUMENTS),
        ("to=f<|channel|>commentary", "commentary", "f", Kind.ARGUMENTS),
        ("assistant<|channel|>commentary<|constrain|>json", "commentary", "", Kind.CONTENT),
        ("assistant<|channel|>musing", "musing", "", Kind.CONTENT),
        ("assistant to=f", "", "f", Kind.CONTENT),
        ("", "", "", Kind.CONTENT),
    ],
)
def test_a_header_says_what_the_message_is(
    header: str, channel: str, recipient: str, kind: Kind
) -> None:
    found = Header.read(header)
    assert (found, found.kind) == (Header(channel, recipient), kind)


def test_text_between_messages_is_passed_over() -> None:
    final = "<|start|>assistant<|channel|>final<|message|>So. \n"
    assert parsed([THINKING + "noise" + final]) == ("So. \n", "I wonder.", [])
    assert parsed(["no message at all"]) == ("", "", [])


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        (None, ("", "", [])),
        (Message(role="user", content="hi"), ("", "", [])),
        (Message(role="assistant", content="So"), ("x", "", [])),
        (Message(role="assistant", thinking="hm"), ("", "x", [])),
        (Message(role="assistant", content="So", thinking="hm"), ("x", "", [])),
    ],
)
def test_an_answer_goes_on_where_the_last_message_ends(
    last: Message | None, expected: tuple[str, str, Any]
) -> None:
    assert parsed(["x"], Start(last=last)) == expected


def test_arguments_must_be_an_object_in_json() -> None:
    with pytest.raises(AnswerError) as caught:
        parsed([CALL + "{}"])
    told = "invalid character '{' after top-level value"
    assert str(caught.value) == (
        f'error parsing tool call: raw=\'{{"place": "Oslo"}}{{}}\', err={told}'
    )


def test_there_can_be_one_call_only() -> None:
    second = CALL.replace("get_forecast", "other").replace("<|start|>", "<|end|><|start|>")
    with pytest.raises(AnswerError, match="error parsing tool call"):
        parsed([CALL + second])


def test_an_undeclared_tool_is_called_as_the_model_names_it() -> None:
    text = CALL.replace("functions.get_forecast", "functions.other")
    assert parsed([text])[2] == [("other", {"place": "Oslo"})]


def test_a_cut_at_any_place_changes_nothing() -> None:
    text = THINKING + "<|start|>assistant<|channel|>final<|message|>a <|e <|end|>" + CALL
    whole = parsed([text])
    assert whole == ("a <|e ", "I wonder.", [("get-forecast", {"place": "Oslo"})])
    assert parsed(text) == whole
    for at in range(len(text)):
        assert parsed([text[:at], text[at:]]) == whole


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("get weather.now-ish", "get_weather_now_ish"),
        ("größe$_1", "größe$_1"),
        ("a(b)!", "ab"),
        ("3d", "_3d"),
        ("", "unnamed"),
        ("!?", "unnamed"),
    ],
)
def test_names_become_identifiers(name: str, told: str) -> None:
    assert identifier(name) == told


def test_names_that_become_equal_are_numbered() -> None:
    names = ["a-b", "a.b", "a_b", "python", "browser.open", "browser.close", "a_b_2"]
    told = ["a_b", "a_b_2", "a_b_3", "python", "browser.open", "browser_close", "a_b_2_2"]
    assert list(told_names([{"function": {"name": name}} for name in names])) == told


def test_the_model_is_told_its_own_names_and_nothing_else_changes() -> None:
    tools = [*TOOLS, {"function": 3}, {"type": "x"}]
    assert Harmony(Start(tools=tools)).tools == [
        {"type": "function", "function": {"name": "get_forecast"}},
        {"function": 3},
        {"type": "x"},
    ]
    assert TOOLS[0]["function"]["name"] == "get-forecast"


def test_many_equal_names_take_no_time() -> None:
    start = time.process_time()
    assert len(set(told_names([{"function": {"name": "f"}}] * 20_000))) == 20_000
    assert time.process_time() - start < 1


@pytest.mark.slow
@pytest.mark.parametrize(
    "unit", ["<", "<|start|>", "<|start|><|message|><|end|>", "<|channel|>", " "]
)
def test_a_megabyte_of_anything_takes_less_than_a_second(unit: str) -> None:
    text = unit * ((1 << 20) // len(unit))
    for size in (16, 1 << 20):
        parser = Harmony(Start())
        start = time.process_time()
        for at in range(0, len(text), size):
            parser.add(text[at : at + size], done=False)
        assert time.process_time() - start < 1
