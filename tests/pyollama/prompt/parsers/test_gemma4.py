"""Gemma 4, and what its models get wrong in calls."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from taken_apart import OSLO, TOOLS, deltas, every_cut, parsed

from pyollama.api import Message
from pyollama.prompt.parsers.gemma4_calls import CallError, read_call

CALL = '<|tool_call>call:forecast{place:<|"|>Oslo<|"|>}<tool_call|>'
TEXT = f"Well.<|channel>thought\nI see. <channel|> Yes<b>.{CALL}{CALL}\nDone."
CALLS = [(0, "forecast", OSLO), (1, "forecast", OSLO)]


def test_thinking_content_and_calls_are_told_apart_wherever_the_text_is_cut() -> None:
    for pieces in every_cut(TEXT):
        assert parsed("gemma4", pieces, think=True) == ("Well.Yes<b>.Done.", "I see.", CALLS)


@pytest.mark.parametrize(
    ("name", "think"), [("gemma4", None), ("gemma4", False), ("gemma4-no-thinking", True)]
)
def test_thinking_is_taken_out_where_it_is_not_asked_for(name: str, think: bool | None) -> None:
    assert parsed(name, [TEXT], think=think) == ("Well.Yes<b>.Done.", "", CALLS)


def test_after_a_result_the_prompt_has_opened_thinking() -> None:
    last = Message(role="tool", content="12")
    pieces = ["So. <chan", "nel|>\nYes"]
    assert parsed("gemma4", pieces, think=True, last=last) == ("Yes", "So.", [])
    assert parsed("gemma4", ["Yes"], think=False, last=last) == ("Yes", "", [])
    assert parsed("gemma4-no-thinking", ["Yes"], think=True, last=last) == ("Yes", "", [])


def test_white_space_waits_only_before_what_may_be_a_tag() -> None:
    pieces = ["a \n", "b <", "|tool", "_box"]
    assert [delta.content for delta in deltas("gemma4", pieces)] == [
        "a \n",
        "b",
        "",
        " <|tool_box",
        "",
    ]


def test_the_beginning_of_a_tag_at_the_end_is_text() -> None:
    assert parsed("gemma4", ["a <|tool_c"]) == ("a <|tool_c", "", [])
    assert parsed("gemma4", ["<|channel>thought\na <chan"], think=True) == ("", "a <chan", [])
    assert parsed("gemma4", ["<|channel>thou"], think=True) == ("", "thou", [])


def test_what_comes_twice_after_a_call_is_dropped() -> None:
    text = f"{CALL}<tool_call|> <|tool_response>\n<|tool_response>so{CALL}"
    for pieces in every_cut(text):
        assert parsed("gemma4", pieces) == ("so", "", CALLS)


def test_a_call_needs_no_tag_at_its_end() -> None:
    assert parsed("gemma4", ["a", CALL.removesuffix("<tool_call|>")]) == ("a", "", CALLS[:1])
    assert parsed("gemma4", [CALL[:-1]]) == ("", "", CALLS[:1])


def test_a_call_that_cannot_be_put_right_is_dropped() -> None:
    for body in ("forecast{}", "call:forecast", "call:forecast{hours:@}"):
        assert parsed("gemma4", [f"a<|tool_call>{body}<tool_call|>b"]) == ("ab", "", [])


@pytest.mark.parametrize(
    ("written", "arguments"),
    [
        ("{}", {}),
        (
            '{hours:3,wind:true,days:[1,<|"|>Mo<|"|>]}',
            {"hours": 3, "wind": True, "days": [1, "Mo"]},
        ),
        ('{place:<|"|>a "b" {c:1}, d:\n<|"|>}', {"place": 'a "b" {c:1}, d:\n'}),
        ('{"place":"x,y:1", hours : 3}', {"place": "x,y:1", "hours": 3}),
        ("{place:{x:1,y_2:null}}", {"place": {"x": 1, "y_2": None}}),
    ],
)
def test_the_notation_is_made_json(written: str, arguments: dict[str, Any]) -> None:
    assert read_call(f"call:forecast{written}", TOOLS) == ("forecast", arguments)


@pytest.mark.parametrize(
    ("written", "arguments"),
    [
        ("{place:'Oslo'}", OSLO),
        ("{'place':'Oslo','days':['Mo', 'Tu']}", {**OSLO, "days": ["Mo", "Tu"]}),
        ("{place:'Oslo}", OSLO),
        ('{place:<|"|>Oslo}', OSLO),
        ('{days:[<|"|>Mo]}', {"days": ["Mo"]}),
        ('{place:<|"|>f(){}}', {"place": "f(){}"}),
        ('{place:<|"|>Oslo<|"|>', OSLO),
        ('{place:<|"|>Oslo', OSLO),
        ("{days:[1,2", {"days": [1, 2]}),
        ("{place:Oslo}", OSLO),
        ("{place:Oslo, in the north,hours:3}", {"place": "Oslo, in the north", "hours": 3}),
        ("{hours:3,place:Oslo, please", {"hours": 3, "place": "Oslo, please"}),
        ('{place:it\'s, "so": to say}', {"place": 'it\'s, "so": to say'}),
    ],
)
def test_what_models_get_wrong_is_put_right(written: str, arguments: dict[str, Any]) -> None:
    assert read_call(f"call:forecast{written}", TOOLS) == ("forecast", arguments)


def test_raw_text_is_a_string_only_where_a_string_is_declared() -> None:
    for written in ("{hours:soon}", "{other:text}"):
        with pytest.raises(CallError):
            read_call(f"call:forecast{written}", TOOLS)


@given(st.lists(st.sampled_from(["{", "}", "[", "]", '"', "'", '<|"|>', ":", ",", "place", "\\"])))
def test_any_body_is_a_call_or_refused(parts: list[str]) -> None:
    try:
        name, arguments = read_call("call:forecast{" + "".join(parts), TOOLS)
    except CallError:
        return
    assert name == "forecast"
    assert isinstance(arguments, dict)
