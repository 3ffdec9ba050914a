"""FunctionGemma."""

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from taken_apart import OSLO, deltas, every_cut, parsed

from pyollama.prompt.parsers.functiongemma import read_arguments, read_call

CALL = "<start_function_call>call:forecast{place:<escape>Oslo<escape>}<end_function_call>"


def test_content_and_calls_are_told_apart_wherever_the_text_is_cut() -> None:
    text = f"Wait.{CALL}{CALL} <b>\n"
    whole = ("Wait. <b>\n", "", [(0, "forecast", OSLO), (1, "forecast", OSLO)])
    for pieces in every_cut(text):
        assert parsed("functiongemma", pieces) == whole


def test_white_space_does_not_wait() -> None:
    assert [delta.content for delta in deltas("functiongemma", ["a \n", "b <", "c"])] == [
        "a \n",
        "b",
        " <c",
        "",
    ]


def test_an_unfinished_call_is_dropped() -> None:
    assert parsed("functiongemma", [f"a{CALL[:-2]}"]) == ("a", "", [])


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("a:<escape>x, {y}: [z]<escape>,b:1", {"a": "x, {y}: [z]", "b": 1}),
        ("a:true,b:false,c:2.5,d:-3", {"a": True, "b": False, "c": 2.5, "d": -3}),
        ("a:[1,<escape>x<escape>,[true]],b:[]", {"a": [1, "x", [True]], "b": []}),
        ("a:{b:{c:1},d:x}", {"a": {"b": {"c": 1}, "d": "x"}}),
        ("a:some words,b:null", {"a": "some words", "b": "null"}),
        ("a:<escape>open", {"a": "open"}),
        ("a:[1,{b:2", {"a": [1, {"b": 2}]}),
        ("", {}),
    ],
)
def test_values_of_every_kind(written: str, value: dict[str, Any]) -> None:
    assert read_arguments(written) == value


@pytest.mark.parametrize(
    ("body", "call"),
    [
        ("call:now{}", ("now", {})),
        ("well, call:now{a:1} then", ("now", {"a": 1})),
        ("call:{} call:now{}", ("now", {})),
        ("now{a:1}", ("", {})),
        ("call:now", ("", {})),
        ("call:now{a:1", ("", {})),
    ],
)
def test_what_does_not_look_like_a_call_has_no_name(
    body: str, call: tuple[str, dict[str, Any]]
) -> None:
    assert read_call(body) == call
    assert parsed("functiongemma", [f"<start_function_call>{body}<end_function_call>"])[2] == [
        (0, *call)
    ]


@given(st.text("ab:,{}[]<escape>1 "))
def test_any_text_has_arguments(text: str) -> None:
    assert isinstance(read_arguments(text), dict)
    assert isinstance(read_arguments("a:" + "[" * 1000 + text)["a"], list)


def test_many_beginnings_of_calls_take_less_than_a_second() -> None:
    body = "call:{" * 80_000 + "}" + "x" * 500_000
    begin = time.process_time()
    assert read_call(body) == ("", {})
    assert time.process_time() - begin < 1.0
