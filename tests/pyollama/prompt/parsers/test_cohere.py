"""Cohere."""

import json
import time
from typing import Any

import pytest
from taken_apart import OSLO, deltas, every_cut, parsed

from pyollama.api import Message

ACTION = {"tool_call_id": "7", "tool_name": "forecast", "parameters": OSLO}
CALL = f"<|START_ACTION|>{json.dumps([ACTION, ACTION])}<|END_ACTION|>"
CALLS = [(0, "forecast", OSLO), (1, "forecast", OSLO)]


def test_thinking_text_and_actions_are_told_apart_wherever_the_text_is_cut() -> None:
    text = f" hm \n<|END_THINKING|>\n<|START_TEXT|>Wait. <|END_TEXT|> {CALL}\n"
    for pieces in every_cut(text):
        assert parsed("cohere", pieces) == ("Wait.", " hm", CALLS)


@pytest.mark.parametrize(
    ("facts", "thinks"),
    [
        ({}, True),
        ({"think": True}, True),
        ({"think": False}, False),
        ({"last": Message(role="assistant", content="So")}, False),
        ({"last": Message(role="assistant", content="")}, True),
    ],
)
def test_where_an_answer_starts(facts: dict[str, Any], thinks: bool) -> None:
    assert parsed("cohere", ["x"], **facts) == (("", "x", []) if thinks else ("x", "", []))


def test_text_outside_of_all_blocks_is_content() -> None:
    text = " a <|START_RESPONSE|>b<|END_RESPONSE|> c"
    assert parsed("cohere", [text], think=False) == ("abc", "", [])


def test_content_that_goes_on_ends_like_a_block() -> None:
    last = Message(role="assistant", content="So")
    assert parsed("cohere", [f" it is.<|END_TEXT|>{CALL}"], last=last) == (" it is.", "", CALLS)


def test_an_action_ends_a_block_of_text() -> None:
    assert parsed("cohere", [f"<|START_TEXT|>a{CALL}b"], think=False) == ("ab", "", CALLS)


def test_white_space_and_beginnings_of_tags_wait() -> None:
    pieces = ["hm ", "so <|END", "_THINKING|> ", "<|START_TEXT|>a", " ", "b <", "c"]
    assert [(delta.thinking, delta.content) for delta in deltas("cohere", pieces)] == [
        ("hm", ""),
        (" so", ""),
        ("", ""),
        ("", "a"),
        ("", ""),
        ("", " b"),
        ("", " <c"),
        ("", ""),
    ]


def test_the_beginning_of_a_tag_at_the_end_is_text() -> None:
    assert parsed("cohere", ["hm <|END"]) == ("", "hm <|END", [])
    assert parsed("cohere", ["a <|ST"], think=False) == ("a <|ST", "", [])


@pytest.mark.parametrize(
    "actions",
    [
        f'[{json.dumps(ACTION)}, {{"tool_name": }}, {json.dumps(ACTION)}]',
        f"[{json.dumps(ACTION)}, {json.dumps(ACTION)}",
        f"{json.dumps(ACTION)} {json.dumps(ACTION)}",
        json.dumps([ACTION, {"tool_name": ""}, {"parameters": {}}, 3, ACTION]),
        json.dumps([ACTION, {"tool_name": "now", "parameters": []}, ACTION]),
    ],
)
def test_what_is_no_action_is_passed_over(actions: str) -> None:
    text = f"<|START_ACTION|>{actions}<|END_ACTION|>"
    assert parsed("cohere", [text], think=False) == ("", "", CALLS)


def test_an_action_needs_no_parameters_and_no_tag_at_its_end() -> None:
    text = '<|START_ACTION|>[{"tool_name": "now"}]'
    assert parsed("cohere", [text, "<|END"], think=False) == ("", "", [(0, "now", {})])


@pytest.mark.parametrize("part", ["{x}", "{}"])
def test_of_many_parts_that_are_no_actions_some_are_looked_at(part: str) -> None:
    text = f"<|START_ACTION|>{part * 300_000}<|END_ACTION|>"
    begin = time.process_time()
    assert parsed("cohere", [text], think=False) == ("", "", [])
    assert time.process_time() - begin < 1.0
