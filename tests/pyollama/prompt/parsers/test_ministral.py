"""Ministral's marks in square brackets."""

import time
from collections.abc import Iterable
from typing import Any

import pytest

from pyollama.prompt.delta import Delta
from pyollama.prompt.parsers import AnswerError, Start
from pyollama.prompt.parsers.ministral import Brackets, Ministral

TOOLS: list[dict[str, Any]] = [{"function": {"name": name}} for name in ("add", "add_all")]


def parsed(pieces: Iterable[str]) -> tuple[str, str, Any]:
    """Content, thinking and calls of an answer."""
    parser = Ministral(Start(tools=TOOLS))
    total = sum((parser.add(piece, done=False) for piece in pieces), Delta())
    total += parser.add("", done=True)
    return total.content, total.thinking, [(call.name, call.arguments) for call in total.calls]


def test_thinking_content_and_calls_are_told_apart() -> None:
    text = '[THINK]let me see[/THINK]\n\nWell. [TOOL_CALLS]add[ARGS]{"a": [1, {"b": "]}"}]} so'
    assert parsed([text]) == ("Well. so", "let me see", [("add", {"a": [1, {"b": "]}"}]})])


def test_calls_follow_one_another() -> None:
    text = '[TOOL_CALLS]add[ARGS]{"a":1}[TOOL_CALLS]add_all[ARGS]{"b":"\\"}"}'
    assert parsed([text])[2] == [("add", {"a": 1}), ("add_all", {"b": '"}'})]


def test_thinking_goes_out_at_once_and_content_without_the_white_space_at_its_end() -> None:
    assert parsed(["[THINK]hm \n"]) == ("", "hm \n", [])
    assert parsed(["[THINK]hm \n[/THINK]x \n"]) == ("x", "hm", [])
    assert parsed(["[THINK]hm[/TH"]) == ("", "hm", [])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[TOOL_CALLS]ad[ARGS]{}", "tool 'ad' not found"),
        ("[TOOL_CALLS]add[ARGS]{x}", "invalid character 'x' looking for beginning of object"),
        ("[TOOL_CALLS]add[ARGS][]", "json: cannot unmarshal array into Go value"),
    ],
)
def test_a_call_that_cannot_be_made_ends_the_answer(text: str, told: str) -> None:
    with pytest.raises(AnswerError) as caught:
        parsed([text])
    assert str(caught.value).startswith(told)


def test_an_unfinished_call_is_dropped() -> None:
    assert parsed(['[TOOL_CALLS]add[ARGS]{"a": 1']) == ("", "", [])


def test_a_cut_at_any_place_changes_nothing() -> None:
    text = 'So [x] [TOOL_CALLS]add[ARGS]{"a": "\\"\\\\", "b": {}}\n [THINK]hm[/THINK] \n [TOOL'
    whole = parsed([text])
    assert whole == ("So [x]", "hm", [("add", {"a": '"\\', "b": {}})])
    assert parsed(text) == whole
    for at in range(len(text)):
        assert parsed([text[:at], text[at:]]) == whole


def test_the_end_of_a_value_is_found_in_pieces() -> None:
    brackets = Brackets()
    assert brackets.end('{"a\\', 0) is None
    assert brackets.end("", 0) is None
    assert brackets.end('"}": [', 0) is None
    assert brackets.end("]} x", 0) == 2


@pytest.mark.slow
@pytest.mark.parametrize("unit", ["[", "{", "\\", "[THINK][/THINK]", " "])
@pytest.mark.parametrize("begin", ["", "[TOOL_CALLS]add[ARGS]"])
def test_a_megabyte_of_anything_takes_less_than_a_second(unit: str, begin: str) -> None:
    text = unit * ((1 << 20) // len(unit))
    for size in (16, 1 << 20):
        parser = Ministral(Start(tools=TOOLS))
        parser.add(begin, done=False)
        start = time.process_time()
        try:
            for at in range(0, len(text), size):
                parser.add(text[at : at + size], done=False)
        except AnswerError:
            assert begin
        assert time.process_time() - start < 1


@pytest.mark.slow
def test_time_grows_with_the_number_of_calls_and_no_faster() -> None:
    start = time.process_time()
    assert len(parsed(["[TOOL_CALLS]add[ARGS]{}" * 15_000])[2]) == 15_000
    assert time.process_time() - start < 1
