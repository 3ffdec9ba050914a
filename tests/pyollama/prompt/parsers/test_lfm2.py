"""LFM2, and calls that are written as in Python."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from taken_apart import OSLO, deltas, every_cut, parsed

from pyollama.api import Message
from pyollama.prompt.parsers.python_calls import CallsError, read_calls

BEGIN, END = "<|tool_call_start|>", "<|tool_call_end|>"
CALL = '[forecast(place="Oslo"), now()]'
CALLS = [(0, "forecast", OSLO), (1, "now", {})]
BEGUN = Message(role="assistant", content="So")


def test_content_and_calls_are_told_apart() -> None:
    text = f"Wait. {BEGIN}{CALL}{END}\nDone. "
    assert parsed("lfm2", [text]) == ("Wait.Done. ", "", CALLS)
    rest = f"{CALL}{END}\nDone."
    for at in range(len(rest)):
        assert parsed("lfm2", [BEGIN, rest[:at], rest[at:]]) == ("Done.", "", CALLS)


def test_content_never_waits() -> None:
    found = deltas("lfm2", ["a ", "<|tool", "_call_start|>"])
    assert [delta.content for delta in found] == ["a ", "<|tool", "_call_start|>", ""]


@pytest.mark.parametrize(
    ("name", "facts", "content", "thinking"),
    [
        ("lfm2", {"think": True}, "<think>hm</think> a", ""),
        ("lfm2-thinking", {}, "<think>hm</think> a", ""),
        ("lfm2-thinking", {"think": False}, "<think>hm</think> a", ""),
        ("lfm2-thinking", {"think": True}, "a", "hm"),
        ("lfm2-thinking", {"think": True, "last": BEGUN}, "<think>hm</think> a", ""),
    ],
)
def test_where_an_answer_starts(
    name: str, facts: dict[str, Any], content: str, thinking: str
) -> None:
    assert parsed(name, ["<think>hm</think> a"], **facts) == (content, thinking, [])


def test_thinking_may_be_cut_anywhere_and_its_tag_may_come_twice() -> None:
    for pieces in every_cut(" <think> <think>hm <b>\n</think>\n a"):
        assert parsed("lfm2-thinking", pieces, think=True) == ("a", "hm <b>", [])
    assert parsed("lfm2-thinking", [" a</think>"], think=True) == ("a</think>", "", [])


@pytest.mark.parametrize("text", [CALL, CALL[1:-1], f"\n {CALL}\n"])
def test_content_that_is_nothing_but_calls_counts_as_calls(text: str) -> None:
    for pieces in every_cut(text):
        assert parsed("lfm2", pieces) == ("", "", CALLS)
    assert parsed("lfm2-thinking", [f"<think>hm</think>{text}"], think=True) == ("", "hm", CALLS)
    assert parsed("lfm2", [text], tools=()) == (text, "", [])


@pytest.mark.parametrize(
    "text", [f"{CALL} then", f"So {CALL}", "[forecast(place=", "[later()]", "now(), later()", "[1]"]
)
def test_any_other_content_stays_content(text: str) -> None:
    for pieces in every_cut(text):
        assert parsed("lfm2", pieces) == (text, "", [])


def test_content_waits_only_as_long_as_it_may_be_calls() -> None:
    found = deltas("lfm2", [" [", "fore", "st, ", "now()"])
    assert [delta.content for delta in found] == ["", "", " [forest, ", "now()", ""]
    text = f"now(){BEGIN}now(){END}"
    assert parsed("lfm2", [text]) == ("now()", "", [(0, "now", {})])


def test_calls_that_cannot_be_read_are_dropped() -> None:
    assert parsed("lfm2", [f"a{BEGIN}[forecast({END}b"]) == ("ab", "", [])
    assert parsed("lfm2", [f"a{BEGIN}{CALL}"]) == ("a", "", [])


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("1", 1),
        ("-2.5e3", -2500),
        ("True", True),
        ("false", False),
        ("None", None),
        ("null", None),
        ("some words", "some words"),
        ('"a\\"b\\n, c"', 'a\\"b\\n, c'),
        ("'it\\'s'", "it\\'s"),
        ("[1, ['x', true], [],]", [1, ["x", True], []]),
        ("{'a': 1, b: {}, \"c\": None,}", {"a": 1, "b": {}, "c": None}),
    ],
)
def test_values_of_every_kind(written: str, value: Any) -> None:
    assert read_calls(f"f(x={written}, y=1)") == [("f", {"x": value, "y": 1})]
    assert read_calls(f"[f( x = {written} ,), g()]") == [("f", {"x": value}), ("g", {})]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "f",
        "f(",
        "f(1)",
        "f(x=)",
        "f(x=1",
        "[f()",
        "f()]",
        "f() g()",
        "f(x=[1)",
        'f(x="a)',
    ],
)
def test_what_is_no_list_of_calls_is_refused(text: str) -> None:
    with pytest.raises(CallsError):
        read_calls(text)


@given(st.text("f(=[]{}:,)'\"\\ 1"))
def test_any_text_is_calls_or_refused(text: str) -> None:
    for written in (text, "f(x=" + "[" * 10_000 + text):
        try:
            calls = read_calls(written)
        except CallsError:
            continue
        assert calls
