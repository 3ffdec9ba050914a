"""Glimmer, and ATEM's notation of calls."""

from typing import Any

import pytest
from taken_apart import OSLO, deltas, every_cut, parsed

from pyollama.prompt.parsers import AnswerError


def invoke(parameters: str, name: str = "forecast") -> str:
    return (
        f'<atem:function_calls>\n<atem:invoke name="{name}">\n{parameters}\n</atem:invoke>\n'
        "</atem:function_calls>"
    )


def parameter(name: str, value: str) -> str:
    return f'<atem:parameter name="{name}">{value}</atem:parameter>'


CALL = invoke(parameter("place", "Oslo"))
NEXT = "<|start|>assistant to="
CALLS = [(0, "forecast", OSLO), (1, "forecast", OSLO)]


def test_messages_go_to_their_recipients_wherever_the_text_is_cut() -> None:
    text = (
        f" to=self<|message|>hm <b><|eom|>\n{NEXT}user<|message|>Wait. <|eom|>"
        f"{NEXT}forecast<|message|>{CALL}<|eom|>{NEXT}forecast<|message|>{CALL}<|eot|>"
    )
    for pieces in every_cut(text):
        assert parsed("glimmer", pieces) == ("Wait.", "hm <b>", CALLS)


@pytest.mark.parametrize("think", [None, True, "low", False])
def test_thinking_is_dropped_where_it_is_turned_off(think: bool | str | None) -> None:
    text = "to=self<|message|>hm<|eom|><|start|>assistant<|message|>yes"
    shown = "" if think is False else "hm"
    assert parsed("glimmer", [text], think=think) == ("yes", shown, [])


def test_a_new_header_ends_a_message() -> None:
    text = f" to=self<|message|>hm {NEXT}user<|message|>yes{NEXT}forecast<|message|>{CALL}"
    for pieces in every_cut(text):
        assert parsed("glimmer", pieces) == ("yes", "hm", CALLS[:1])


@pytest.mark.parametrize(
    "body",
    [
        "<|start|>",
        "a <|start|>user<|message|>b",
        "a<|start|>assistant<|channel|>final<|message|>b",
        "a<|start|>assistant, what\n<|message|>b",
        f"a<|start|>assistant {'x' * 300}",
        "<|start|><|start|>assist",
    ],
)
def test_what_is_no_header_is_text(body: str) -> None:
    for pieces in every_cut(body):
        assert parsed("glimmer", ["<|message|>", *pieces]) == (body, "", [])


@pytest.mark.parametrize("text", [" plain text\n", " to=self", " to=self<|mess"])
def test_a_header_without_a_message_is_content(text: str) -> None:
    assert parsed("glimmer", text) == (text, "", [])


def test_a_message_to_a_tool_that_is_not_there_is_content() -> None:
    assert parsed("glimmer", [f" to=later<|message|>{CALL}"]) == (CALL, "", [])
    assert parsed("glimmer", [f" to=forecast<|message|>{CALL}"], tools=()) == (CALL, "", [])


def test_text_is_passed_on_as_it_comes() -> None:
    pieces = [" to=user<|mess", "age|>a", " ", "b <|e", "ot|>"]
    assert [delta.content for delta in deltas("glimmer", pieces)] == ["", "a", "", " b", "", ""]


def test_the_beginning_of_a_tag_at_the_end_is_text() -> None:
    assert parsed("glimmer", ["<|message|>a <|eo"]) == ("a <|eo", "", [])
    assert parsed("glimmer", ["to=self<|message|>a<|start|>ass"]) == ("", "a<|start|>ass", [])


@pytest.mark.parametrize(
    ("written", "arguments"),
    [
        (parameter("place", "\n <b>&amp; \n"), {"place": "\n <b>&amp; \n"}),
        (parameter("hours", "\n3\n"), {"hours": 3}),
        (parameter("wind", "True") + parameter("days", "[1, {}]"), {"wind": True, "days": [1, {}]}),
        (parameter("other", "3"), {"other": "3"}),
        (parameter("place", "Oslo") + '<atem:parameter name="hours">3', OSLO),
        ("", {}),
    ],
)
def test_parameters_are_typed_as_declared(written: str, arguments: dict[str, Any]) -> None:
    text = f" to=forecast<|message|>{invoke(written)}<|eot|>"
    assert parsed("glimmer", [text]) == ("", "", [(0, "forecast", arguments)])


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("Oslo", "missing ATEM function_calls wrapper"),
        (CALL[:-1], "missing ATEM function_calls wrapper"),
        (invoke("", "later"), 'undeclared Glimmer function "later"'),
        (invoke("", "now"), 'Glimmer recipient "forecast" does not match invoke "now"'),
    ],
)
@pytest.mark.parametrize("end", ["<|eot|>", ""])
def test_calls_that_cannot_be_read_end_the_answer(body: str, told: str, end: str) -> None:
    with pytest.raises(AnswerError) as caught:
        parsed("glimmer", [f" to=forecast<|message|>{body}{end}"])
    assert str(caught.value) == told
