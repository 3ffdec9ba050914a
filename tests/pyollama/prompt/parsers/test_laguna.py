"""Laguna and Poolside."""

import json
from typing import Any

import pytest
from taken_apart import OSLO, TOOLS, deltas, every_cut, parsed

from pyollama.api import Message
from pyollama.prompt.parsers import AnswerError

BODY = "forecast<arg_key>place</arg_key><arg_value>Oslo</arg_value>"
OBJECT = '{"name": "forecast", "arguments": {"place": "Oslo"}}'
CALL, JSON_CALL = f"<tool_call>{BODY}</tool_call>", f"<tool_call>\n{OBJECT}\n</tool_call>"
CALLS = [(0, "forecast", OSLO), (1, "forecast", OSLO)]
BEGUN = Message(role="assistant", content="So")


@pytest.mark.parametrize("name", ["laguna", "poolside-v1"])
def test_thinking_content_and_calls_are_told_apart_wherever_the_text_is_cut(name: str) -> None:
    text = f"\n<think> hm <b>\n</think>\n\nWait. {CALL}\n{JSON_CALL} Done."
    for pieces in every_cut(text):
        assert parsed(name, pieces, think=True) == ("Wait. Done.", "hm <b>\n", CALLS)


@pytest.mark.parametrize(
    ("name", "facts", "thinks"),
    [
        ("laguna", {}, False),
        ("laguna", {"think": False}, False),
        ("laguna", {"think": True}, True),
        ("laguna", {"think": True, "last": BEGUN}, False),
        ("poolside-v1", {"think": True, "last": BEGUN}, True),
    ],
)
def test_where_an_answer_starts(name: str, facts: dict[str, Any], thinks: bool) -> None:
    assert parsed(name, [" x"], **facts) == (("", "x", []) if thinks else ("x", "", []))


def test_thinking_that_was_not_asked_for_is_dropped() -> None:
    for pieces in every_cut(" a <think> hm</think> b</think> c"):
        assert parsed("laguna", pieces) == ("a bc", "", [])
    assert parsed("laguna", ["<think>never clo"]) == ("", "", [])


def test_a_call_ends_thinking() -> None:
    text = f"hm {CALL} then"
    assert parsed("laguna", [text], think=True) == ("then", "hm ", CALLS[:1])
    assert parsed("laguna", [f"a<think>{text}"]) == ("athen", "", CALLS[:1])


def test_white_space_waits_and_is_lost_at_the_end() -> None:
    pieces = ["a \n", "b <", "c "]
    assert [delta.content for delta in deltas("laguna", pieces)] == ["a", " \nb", " <c", ""]


def test_the_beginning_of_a_tag_at_the_end_is_text() -> None:
    assert parsed("laguna", ["a <tool_c"]) == ("a <tool_c", "", [])
    assert parsed("laguna", ["a </thi"], think=True) == ("", "a </thi", [])
    assert parsed("laguna", ["a <user>b</us"]) == ("a <user>b</us", "", [])


def test_an_unfinished_call_is_dropped() -> None:
    assert parsed("laguna", [f"a{CALL[:-1]}"]) == ("a", "", [])


def test_an_object_that_begins_a_line_may_be_a_call() -> None:
    text = f'{OBJECT}\nThen {OBJECT}:\n{OBJECT}\n{{"name": "later"}} and so on'
    content = f'Then {OBJECT}:\n{{"name": "later"}} and so on'
    for pieces in every_cut(text):
        assert parsed("laguna", pieces) == (content, "", CALLS)
    assert parsed("laguna", [text], tools=()) == (text, "", [])


@pytest.mark.parametrize("text", ['{"a": "}{\\"', '{"a": {"b": 1}}', '{"name": "now"', "{\n{\n}"])
def test_any_other_object_is_content(text: str) -> None:
    for pieces in every_cut(text):
        assert parsed("laguna", pieces) == (text, "", [])


def test_a_block_of_the_user_may_be_a_call() -> None:
    text = f"a<user>{BODY}</user><user>{OBJECT}</user> b<user>hello</user>"
    for pieces in every_cut(text):
        assert parsed("laguna", pieces) == ("ab<user>hello</user>", "", CALLS)
    assert parsed("laguna", [text], tools=()) == (text, "", [])


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ('{"name": ', "failed to parse Laguna JSON tool call: unexpected end of JSON input"),
        (
            '{"name": "f", "arguments": 3}',
            "failed to parse Laguna JSON tool call: json: cannot unmarshal number into Go struct"
            " field .arguments of type map[string]interface {}",
        ),
        ('{"arguments": {}}', "empty function name"),
        ("<arg_key>a</arg_key><arg_value>1</arg_value>", "empty function name"),
        ("f<arg_key>a</arg_key>", "mismatched arg_key and arg_value counts: 1 keys, 0 values"),
    ],
)
def test_calls_that_cannot_be_read_end_the_answer(body: str, told: str) -> None:
    with pytest.raises(AnswerError) as caught:
        parsed("laguna", [f"<tool_call>{body}</tool_call>"])
    assert str(caught.value) == told


@pytest.mark.parametrize("body", ["read_file", '{"name": "read_file"}'])
def test_tools_are_known_by_another_name_too(body: str) -> None:
    def called(*names: str) -> str:
        tools = [{"type": "function", "function": {"name": name}} for name in names]
        [(_, name, _)] = parsed("laguna", [f"<tool_call>{body}</tool_call>"], tools=tools)[2]
        return name

    assert called("read") == "read"
    assert called("read", "read_file") == "read_file"
    assert called("write") == "read_file"


def test_a_renamed_tool_types_its_arguments() -> None:
    function = {**TOOLS[0]["function"], "name": "read"}
    body = "read_file<arg_key>hours</arg_key><arg_value>3</arg_value>"
    calls = parsed("laguna", [f"<tool_call>{body}</tool_call>"], tools=[{"function": function}])[2]
    assert json.dumps(calls) == '[[0, "read", {"hours": 3}]]'
