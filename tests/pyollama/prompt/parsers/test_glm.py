"""GLM 4.7 and GLM OCR, and the notation of calls that Laguna shares with them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from taken_apart import OSLO, TOOLS, deltas, every_cut, parsed

from pyollama.api import Message
from pyollama.prompt.parsers import AnswerError
from pyollama.prompt.parsers.argkeys import CYCLE, read_call, repaired

PLACE = "<arg_key>place</arg_key>\n<arg_value>Oslo</arg_value>"
CALL = f"<tool_call>forecast\n{PLACE}\n</tool_call>"
CALLS = [(0, "forecast", OSLO), (1, "forecast", OSLO)]


def test_thinking_content_and_calls_are_told_apart_wherever_the_text_is_cut() -> None:
    text = f"hm <b>\n</think>\n\nWait. {CALL}\n{CALL} Done."
    for pieces in every_cut(text):
        assert parsed("glm-4.7", pieces) == ("Wait.Done.", "hm <b>", CALLS)


@pytest.mark.parametrize(
    ("name", "facts", "thinks"),
    [
        ("glm-4.7", {}, True),
        ("glm-4.7", {"think": "high"}, True),
        ("glm-4.7", {"think": True, "last": Message(role="assistant", content="So")}, True),
        ("glm-4.7", {"think": False}, False),
        ("glm-ocr", {"think": True}, False),
    ],
)
def test_where_an_answer_starts(name: str, facts: dict[str, Any], thinks: bool) -> None:
    assert parsed(name, [" x"], **facts) == (("", " x", []) if thinks else (" x", "", []))


@pytest.mark.parametrize(("name", "think"), [("glm-4.7", False), ("glm-ocr", None)])
def test_a_block_at_the_beginning_is_thinking(name: str, think: bool | None) -> None:
    for pieces in every_cut(" \n<think> hm </think> yes"):
        assert parsed(name, pieces, think=think) == ("yes", "hm", [])
    assert parsed(name, ["a<think>b</think>"], think=think) == ("a<think>b</think>", "", [])


def test_thinking_may_begin_with_its_tag_and_hold_that_of_calls() -> None:
    assert parsed("glm-4.7", ["<think>a<tool_call>"]) == ("", "<think>a<tool_call>", [])


def test_white_space_and_beginnings_of_tags_wait() -> None:
    pieces = ["hm ", "so</th", "ink> a <", "b", " "]
    assert [(delta.thinking, delta.content) for delta in deltas("glm-4.7", pieces)] == [
        ("hm", ""),
        (" so", ""),
        ("", "a"),
        ("", " <b"),
        ("", ""),
        ("", ""),
    ]


def test_what_is_held_back_at_the_end_is_lost() -> None:
    assert parsed("glm-ocr", ["a <tool_c"]) == ("a", "", [])


def test_values_are_typed_as_declared() -> None:
    body = "".join(
        f"<arg_key> {key} </arg_key><arg_value>\n{value}\n</arg_value>"
        for key, value in {
            "place": "3",
            "hours": "3",
            "wind": "no",
            "days": "[1]",
            "x": "1",
        }.items()
    )
    typed = {"place": "3", "hours": 3, "wind": False, "days": [1], "x": "1"}
    assert read_call(f"forecast{body}", TOOLS) == ("forecast", typed)


def test_other_tags_and_entities_are_text() -> None:
    value = '<b>&amp; </arg_keys> "it\'s"</b>'
    body = f"forecast<arg_key>place</arg_key><arg_value>{value}</arg_value>"
    assert read_call(body, TOOLS) == ("forecast", {"place": value})
    assert read_call("<function=now>", TOOLS) == ("<function=now>", {})


@pytest.mark.parametrize(
    "body",
    [
        "forecast<arg_key>place</arg_key>Oslo</arg_value>",
        "forecast<arg_key>place</arg_key><arg_value>Oslo",
        "forecast<arg_key>place<arg_value>Oslo</arg_value>",
        "forecast<arg_key>place</arg_key>\nOslo</arg_value>",
        "forecast place</arg_key><arg_value>Oslo</arg_value>",
        "\nforecast\nplace</arg_key>Oslo</arg_value>",
    ],
)
def test_missing_tags_are_put_in(body: str) -> None:
    name, arguments = read_call(body, TOOLS)
    assert (name, {key: value.strip() for key, value in arguments.items()}) == ("forecast", OSLO)


def test_a_value_without_its_end_goes_to_the_next_key() -> None:
    body = "forecast<arg_key>place</arg_key><arg_value>Oslo<arg_key>hours</arg_key><arg_value>3"
    assert read_call(body, TOOLS) == ("forecast", {"place": "Oslo", "hours": 3})


@given(st.lists(st.sampled_from([*CYCLE, "f", " ", "a"])))
def test_after_the_repair_every_key_has_a_value(parts: list[str]) -> None:
    body = "".join(parts)
    tags = [part for part in parts if part in CYCLE]
    fixed = repaired(body)
    for tag in CYCLE:
        fixed = fixed.replace(tag, f"\0{tag}\0")
    found = [part for part in fixed.split("\0") if part in CYCLE]
    if tags:
        assert found == list(CYCLE) * (len(found) // 4)
        assert len(found) >= len(tags)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("", "empty function name"),
        (PLACE, "empty function name"),
        (
            "f<arg_key>a</arg_key><arg_key>b</arg_key><arg_value>1</arg_value>",
            "mismatched arg_key and arg_value counts: 2 keys, 1 values",
        ),
        (
            "f<arg_key>a<arg_value>1</arg_value></arg_key>",
            "mismatched arg_key and arg_value counts: 1 keys, 0 values",
        ),
    ],
)
def test_calls_that_cannot_be_read_end_the_answer(body: str, told: str) -> None:
    with pytest.raises(AnswerError) as caught:
        parsed("glm-ocr", [f"<tool_call>{body}</tool_call>"])
    assert str(caught.value) == told


@pytest.mark.parametrize("end", ["", "</tool_", "\n"])
def test_an_unfinished_call_counts_if_it_can_be_carried_out(end: str) -> None:
    assert parsed("glm-ocr", [f"<tool_call>forecast{PLACE}{end}"]) == ("", "", CALLS[:1])
    assert parsed("glm-ocr", ["<tool_call>now", end]) == ("", "", [(0, "now", {})])


@pytest.mark.parametrize(
    "body", ["", "later", "forecast", "forecast<arg_key>place</arg_key><arg_v"]
)
def test_any_other_unfinished_call_ends_the_answer(body: str) -> None:
    with pytest.raises(AnswerError, match=r"^incomplete GLM tool call: "):
        parsed("glm-ocr", [f"<tool_call>{body}"])
