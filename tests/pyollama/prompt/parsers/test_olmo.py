"""Olmo 3's calls, and the thinking of its other half."""

import time
from collections.abc import Iterable
from typing import Any

import pytest

from pyollama.api import Message
from pyollama.prompt.delta import Delta
from pyollama.prompt.parsers import Start, new_parser


def parsed(
    pieces: Iterable[str], last: str = "", name: str = "olmo3", start: Start | None = None
) -> tuple[str, str, Any]:
    """Content, thinking and calls of an answer."""
    parser = new_parser(name, start or Start())
    assert parser is not None
    total = sum((parser.add(piece, done=False) for piece in pieces), Delta())
    total += parser.add(last, done=True)
    return total.content, total.thinking, [(call.name, call.arguments) for call in total.calls]


def arguments(written: str) -> Any:
    """The arguments of one call."""
    _, _, [(_, found)] = parsed([f"<function_calls>f({written})</function_calls>"])
    return found


def test_calls_stand_in_blocks_one_to_a_line() -> None:
    text = "Look: <function_calls>\nf(a=1)\n g() \n</function_calls>\nso <function_calls>"
    assert parsed([text]) == ("Look: \nso ", "", [("f", {"a": 1}), ("g", {})])


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ('"a, b"', "a, b"),
        ("'it\\'s'", "it's"),
        (r'"\"\\\n\t\r\d"', '"\\\n\t\r\\d'),
        ("True", True),
        ("false", False),
        ("None", None),
        ("-3", -3),
        ("2.5", 2.5),
        ("two words", "two words"),
        ("[1, 'x', [None]]", [1, "x", [None]]),
        ("{'k': {\"l\": True}}", {"k": {"l": True}}),
        ("[]", []),
    ],
)
def test_values_are_written_like_pythons(written: str, value: Any) -> None:
    assert arguments(f"x={written}, y=1") == {"x": value, "y": 1}


@pytest.mark.parametrize("line", ["f(", "f(1)", "f(a=[1)", "words", "f(a=" + "[" * 200])
def test_lines_that_are_no_call_are_passed_over(line: str) -> None:
    text = f"<function_calls>{line}\ng(b=2)</function_calls>"
    assert parsed([text]) == ("", "", [("g", {"b": 2})])


def test_what_comes_with_the_end_is_not_read_any_more() -> None:
    block = "<function_calls>f()</function_calls>"
    assert parsed(["a <func"], last="tion_calls>x") == ("a <function_calls>x", "", [])
    assert parsed([], last=block) == (block, "", [])
    assert parsed(["<function_calls>f("], last=")</function_calls>") == ("", "", [])


def test_content_goes_out_as_it_comes() -> None:
    parser = new_parser("olmo3", Start())
    assert parser is not None
    assert parser.add("a \n", done=False) == Delta(content="a \n")


def test_a_cut_at_any_place_changes_nothing() -> None:
    text = "Hm < \n<function_calls>f(a='</function>')\n</function_calls> so <functions>"
    whole = parsed([text])
    assert whole == ("Hm < \n so <functions>", "", [("f", {"a": "</function>"})])
    assert parsed(text) == whole
    for at in range(len(text)):
        assert parsed([text[:at], text[at:]]) == whole


def test_the_thinking_model_thinks_up_to_its_tag() -> None:
    for pieces in (["hm \n</think>\n\nSo. "], "hm \n</think>\n\nSo. "):
        assert parsed(pieces, name="olmo3-think") == ("So.", "hm", [])
    assert parsed(["<think>hm"], name="olmo3-think") == ("", "<think>hm", [])


def test_the_thinking_model_goes_on_from_content() -> None:
    begun = Start(last=Message(role="assistant", content="So"), think=True)
    assert parsed(["a</think>b"], name="olmo3-think", start=begun) == ("a</think>b", "", [])


@pytest.mark.slow
@pytest.mark.parametrize("unit", ["<", "f(", " ", "</function_calls>", "\\"])
@pytest.mark.parametrize("begin", ["", "<function_calls>", "<function_calls>f(a='"])
def test_a_megabyte_of_anything_takes_less_than_a_second(unit: str, begin: str) -> None:
    text = unit * ((1 << 20) // len(unit))
    for size in (16, 1 << 20):
        parser = new_parser("olmo3", Start())
        assert parser is not None
        parser.add(begin, done=False)
        start = time.process_time()
        for at in range(0, len(text), size):
            parser.add(text[at : at + size], done=False)
        parser.add("</function_calls>", done=False)
        assert time.process_time() - start < 1


@pytest.mark.slow
@pytest.mark.parametrize("line", ["f()\n", "f(a=[\n"])
def test_time_grows_with_the_number_of_calls_and_no_faster(line: str) -> None:
    start = time.process_time()
    parsed(["<function_calls>", line * 50_000, "</function_calls>"])
    assert time.process_time() - start < 1
