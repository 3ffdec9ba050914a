"""Qwen 3 and the families that follow it."""

import json
import time
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pyollama.api import Message
from pyollama.prompt.delta import Delta
from pyollama.prompt.parsers import AnswerError, Start, new_parser

TOOLS: list[dict[str, Any]] = [
    {
        "type": "function",
        "function": {
            "name": "forecast",
            "parameters": {
                "type": "object",
                "properties": {
                    "place": {"type": "string"},
                    "hours": {"type": "integer"},
                    "wind": {"type": "boolean"},
                    "height": {"type": ["string", "number"]},
                },
            },
        },
    }
]
JSON_CALL = '<tool_call>\n{"name": "forecast", "arguments": {"place": "Oslo"}}\n</tool_call>'
CODER_CALL = (
    "<tool_call>\n<function=forecast>\n<parameter=place>\nOslo\n</parameter>\n"
    "</function>\n</tool_call>"
)
JSON_FAMILIES = ["qwen3", "qwen3-thinking", "qwen3-vl-instruct", "qwen3-vl-thinking"]
CODER_FAMILIES = ["qwen3-coder", "qwen3.5", "ornith", "nemotron-3-nano", "nemotron-3.5-nano"]
THINKERS = ["qwen3-thinking", "qwen3.5", "ornith", "nemotron-3-nano", "nemotron-3.5-nano"]


def deltas(name: str, pieces: Iterable[str], start: Start | None = None) -> list[Delta]:
    """What each piece adds, and at last the end of the answer."""
    parser = new_parser(name, start or Start(tools=TOOLS))
    assert parser is not None
    return [*(parser.add(piece, done=False) for piece in pieces), parser.add("", done=True)]


def parsed(name: str, pieces: Iterable[str], start: Start | None = None) -> tuple[str, str, Any]:
    """Content, thinking and calls of an answer."""
    total = sum(deltas(name, pieces, start), Delta())
    calls = [(call.index, call.name, call.arguments) for call in total.calls]
    return total.content, total.thinking, calls


def call_of(body: str) -> dict[str, Any]:
    """The arguments of a call in the coder's notation."""
    _, _, [(_, _, arguments)] = parsed("qwen3-coder", [f"<tool_call>{body}</tool_call>"])
    assert isinstance(arguments, dict)
    return arguments


@pytest.mark.parametrize("name", [*JSON_FAMILIES, *CODER_FAMILIES])
def test_thinking_content_and_calls_are_told_apart(name: str) -> None:
    call = JSON_CALL if name in JSON_FAMILIES else CODER_CALL
    start = Start(tools=TOOLS, think=True)
    thinks = name in THINKERS or name == "qwen3-vl-thinking"
    text = f"I wonder.\n</think>\n\nWait. {call}\n{call} Done. "
    content, thinking, calls = parsed(name, [text], start)
    assert thinking == ("I wonder." if thinks else "")
    assert content == ("Wait.Done." if thinks else "I wonder.\n</think>\n\nWait.Done.")
    assert calls == [(0, "forecast", {"place": "Oslo"}), (1, "forecast", {"place": "Oslo"})]


def test_pieces_are_passed_on_as_soon_as_they_are_clear() -> None:
    pieces = ["I am ", "sure </thi", "nk>\n\nYes <to", 'ol_call>{"name":"forecast"}</tool_call>']
    found = deltas("qwen3-thinking", pieces)
    assert [(delta.thinking, delta.content, len(delta.calls)) for delta in found] == [
        ("I am", "", 0),
        (" sure", "", 0),
        ("", "Yes", 0),
        ("", "", 1),
        ("", "", 0),
    ]


@pytest.mark.parametrize("name", THINKERS)
def test_a_repeated_opening_tag_is_taken_away(name: str) -> None:
    assert parsed(name, [" <thi", "nk>\n so</think>x"]) == ("x", "so", [])
    assert parsed(name, [" <", "b>"]) == ("", " <b>", [])


def test_the_vision_family_keeps_a_repeated_opening_tag() -> None:
    assert parsed("qwen3-vl-thinking", ["<think>so</think>x"]) == ("x", "<think>so", [])


@pytest.mark.parametrize("name", [*THINKERS, "qwen3-vl-thinking"])
def test_a_call_ends_thinking(name: str) -> None:
    call = JSON_CALL if name in JSON_FAMILIES else CODER_CALL
    content, thinking, calls = parsed(name, [f"hm {call}then"])
    assert (content, thinking, len(calls)) == ("then", "hm", 1)


BEGUN = Message(role="assistant", content="So")
EMPTY = Message(role="assistant", content="", thinking="hm")


@pytest.mark.parametrize(
    ("name", "start", "thinks"),
    [
        ("qwen3", Start(think=True), False),
        ("qwen3-thinking", Start(), True),
        ("qwen3-thinking", Start(think="low"), True),
        ("qwen3-thinking", Start(think=False), False),
        ("qwen3-thinking", Start(last=BEGUN), True),
        ("qwen3.5", Start(), True),
        ("qwen3.5", Start(think=False), False),
        ("qwen3.5", Start(last=BEGUN), False),
        ("qwen3.5", Start(last=EMPTY), True),
        ("nemotron-3-nano", Start(think=True, last=BEGUN), False),
        ("qwen3-vl-thinking", Start(think=False), True),
        ("qwen3-vl-thinking", Start(last=BEGUN), False),
        ("qwen3-vl-instruct", Start(think=True), False),
        ("qwen3-coder", Start(think=True), False),
    ],
)
def test_where_an_answer_starts(name: str, start: Start, thinks: bool) -> None:
    assert parsed(name, ["x"], start) == (("", "x", []) if thinks else ("x", "", []))


@pytest.mark.parametrize("name", [*JSON_FAMILIES, *CODER_FAMILIES])
def test_what_is_held_back_at_the_end_is_lost(name: str) -> None:
    start = Start(tools=TOOLS, think=False, last=BEGUN)
    assert parsed(name, ["a \n"], start) == ("a", "", [])
    assert parsed(name, ["a <tool_c"], start) == ("a", "", [])
    assert parsed(name, ["a <tool_call>\n{"], start) == ("a", "", [])


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ('{"name": "forecast",', "unexpected end of JSON input"),
        ("forecast", "invalid character 'o' in literal false (expecting 'a')"),
        ('{"name": 5}', "json: cannot unmarshal number into Go struct field .name of type string"),
        (
            '{"name": "f", "arguments": []}',
            "json: cannot unmarshal array into Go struct field .arguments"
            " of type map[string]interface {}",
        ),
    ],
)
def test_calls_that_are_no_json_end_the_answer(body: str, told: str) -> None:
    for name, prefix in {"qwen3": "failed to parse JSON: ", "qwen3-vl-instruct": ""}.items():
        with pytest.raises(AnswerError) as caught:
            parsed(name, [f"<tool_call>{body}</tool_call>"])
        assert str(caught.value) == prefix + told


def test_a_call_needs_a_name_and_no_arguments() -> None:
    assert parsed("qwen3", ['<tool_call>{"Name":"f"}</tool_call>'])[2] == [(0, "f", {})]
    for body in ("{}", "null", '{"name": null, "arguments": null}'):
        with pytest.raises(AnswerError, match="empty function name"):
            parsed("qwen3", [f"<tool_call>{body}</tool_call>"])


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("<parameter=place>\n<b>&amp; it's</b>\n</parameter>", {"place": "<b>&amp; it's</b>"}),
        ("<parameter=place>a\r\nb\rc</parameter>", {"place": "a\nb\nc"}),
        ("<parameter=place><x=1></parameter>", {"place": '<x name="1">'}),
        ("<parameter=place>a<parameter=b>c</parameter>d</parameter>", {"place": "ad"}),
        ("<parameter=hours>3</parameter>", {"hours": 3}),
        ("<parameter=hours>soon</parameter>", {"hours": "soon"}),
        ("<parameter=wind>maybe</parameter>", {"wind": False}),
        ("<parameter=height>12.0</parameter>", {"height": 12}),
        ("<parameter=height>tall</parameter>", {"height": "tall"}),
        ("<parameter=hours>null</parameter>", {"hours": None}),
        ("<parameter=other>3</parameter>", {"other": "3"}),
        ('<parameter=a"&b>3</parameter>', {'a"&b': "3"}),
        ("<parameter=b>1</parameter>text<parameter=a>2</parameter>", {"b": "1", "a": "2"}),
        ("", {}),
    ],
)
def test_parameters_are_typed_as_declared(written: str, value: dict[str, Any]) -> None:
    arguments = call_of(f"<function=forecast>{written}</function>")
    assert json.dumps(arguments) == json.dumps(value)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("", "EOF"),
        ('{"name": "forecast"}', "EOF"),
        ("<parameter=a>", "expected element type <function> but have <parameter>"),
        ("\n</function>", "XML syntax error on line 2: unexpected end element </function>"),
        ("<function=f>\n<parameter=a>", "XML syntax error on line 2: unexpected EOF"),
        (
            "<function=f>\n<parameter=a>\n1\n</function>",
            "XML syntax error on line 4: element <parameter> closed by </function>",
        ),
        ("<function=f>\x01", "XML syntax error on line 1: illegal character code U+0001"),
        (
            '<function=f></function name="f">',
            "XML syntax error on line 1: invalid characters between </function and >",
        ),
    ],
)
def test_calls_that_are_no_xml_end_the_answer(body: str, told: str) -> None:
    with pytest.raises(AnswerError) as caught:
        call_of(body)
    assert str(caught.value) == told


TEXTS = [
    f"hm \n</think>\n\nSure. {JSON_CALL}\n {JSON_CALL} tail \n",
    f"<think> hm</thinking></think> a <tool> b {JSON_CALL}",
]


@pytest.mark.parametrize("name", JSON_FAMILIES)
@pytest.mark.parametrize("text", TEXTS)
def test_a_cut_at_any_place_changes_nothing(name: str, text: str) -> None:
    whole = parsed(name, [text])
    assert parsed(name, text) == whole
    for at in range(len(text)):
        assert parsed(name, [text[:at], text[at:]]) == whole


@given(st.lists(st.sampled_from(["<think>", "</think>", CODER_CALL, "<", " ", "\n", "a"])))
@example(["<", CODER_CALL])
def test_single_characters_give_what_the_whole_gives(parts: list[str]) -> None:
    text = "".join(parts)
    for name in ("qwen3.5", "qwen3-coder"):
        assert parsed(name, text) == parsed(name, [text])


@pytest.mark.slow
@pytest.mark.parametrize("unit", ["<", "{", " ", "</think>", "<tool_call>", "<a="])
@pytest.mark.parametrize("name", ["qwen3", "qwen3.5"])
def test_a_megabyte_of_anything_takes_less_than_a_second(name: str, unit: str) -> None:
    text = unit * ((1 << 20) // len(unit))
    for size in (16, 1 << 20):
        parser = new_parser(name, Start())
        assert parser is not None
        start = time.process_time()
        for at in range(0, len(text), size):
            parser.add(text[at : at + size], done=False)
        assert time.process_time() - start < 1


@pytest.mark.parametrize("unit", ["<", "<a=", "<function=", "<function=f>", "</", "</function>"])
def test_a_long_call_takes_less_than_a_second(unit: str) -> None:
    start = time.process_time()
    with pytest.raises(AnswerError):
        call_of(unit * ((1 << 20) // len(unit)))
    assert time.process_time() - start < 1
