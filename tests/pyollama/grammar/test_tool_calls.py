"""Calls of tools that keep to the tools' names and schemas, in the midst of free text."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from pyollama.grammar import TokenTable, ToolCallConstraint, calls_grammar, writes_hermes_calls

PIECES = [
    *(bytes([value]) for value in range(256)),
    b'<tool_call>\n{"',
    b"<tool_call>[",
    b"<|end|>",
]
BEGINS, STRAYS, END = 256, 257, 258
TABLE = TokenTable([*PIECES[:END], b""], frozenset({END}))


def tool(name: str, parameters: Any = None) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, "parameters": parameters}}


TIDE = tool(
    "tide",
    {
        "type": "object",
        "required": ["port"],
        "properties": {"port": {"type": "string"}, "days": {"type": "integer"}},
    },
)
NOW = tool("now", {"type": "object", "properties": {}})


def constraint(*tools: Mapping[str, Any]) -> ToolCallConstraint:
    grammar = calls_grammar(tools)
    assert grammar is not None
    return ToolCallConstraint(TABLE, PIECES.__getitem__, grammar)


def refused(follower: ToolCallConstraint, text: bytes) -> bytes | None:
    """What is left of a text at the first byte that may not come; None if all of it may."""
    for place, byte in enumerate(text):
        if not follower.allows(byte):
            return text[place:]
        follower.accept(byte)
    return None


@pytest.mark.parametrize(
    "text",
    [
        b"no call at all, { nor <tool",
        b'<tool_call>\n{"name": "tide", "arguments": {"port": "Brest", "days": 3}}\n</tool_call>',
        b'Well: <tool_call>{"name":"now","arguments":{}}</tool_call> and so on, } too',
        b'<tool_call>{"name": "now", "arguments": {}}</tool_call>\n'
        b'<tool_call>{"name": "tide", "arguments": {"port": "</tool_call>"}}</tool_call>',
    ],
)
def test_free_text_and_proper_calls_pass(text: bytes) -> None:
    assert refused(constraint(TIDE, NOW), text) is None


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        (b'<tool_call>{"name": "time"', b'me"'),
        (b'<tool_call>{"arguments"', b'arguments"'),
        (b'<tool_call>{"name": "tide", "arguments": {"days"', b'days"'),
        (b'<tool_call>{"name": "now", "arguments": {"a"', b'"a"'),
        (b'<tool_call>{"name": "now", "arguments": {}} or', b"or"),
    ],
)
def test_a_call_follows_the_schema_of_a_tool(text: bytes, rest: bytes) -> None:
    assert refused(constraint(TIDE, NOW), text) == rest


def test_a_token_may_hold_the_tag_and_the_first_bytes_of_the_call() -> None:
    follower = constraint(TIDE)
    follower.accept(BEGINS)
    assert np.flatnonzero(follower.mask()).tolist() == [ord("n")]
    assert refused(follower, b'name": "tide"') is None


def test_an_answer_does_not_end_within_a_call() -> None:
    follower = constraint(NOW)
    assert follower.allows(END)
    follower.accept(BEGINS)
    assert not follower.allows(END)
    assert refused(follower, b'name": "now", "arguments": {}}</tool_call>') is None
    assert follower.allows(END)


def test_what_begins_as_no_call_in_the_same_token_stays_free() -> None:
    follower = constraint(NOW)
    follower.accept(STRAYS)
    assert follower.mask().all()
    assert refused(follower, b"anything") is None


def test_a_schema_that_cannot_be_converted_is_any_object() -> None:
    text = b'<tool_call>{"name": "f", "arguments": {"x": [1]}}</tool_call>'
    assert refused(constraint(tool("f", {"type": "bogus"})), text) is None
    assert refused(constraint(tool("f")), text) is None


def test_without_a_name_there_is_nothing_to_call() -> None:
    assert calls_grammar([]) is None
    assert calls_grammar([tool("")]) is None


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ('<tool_call>\n{"name": ..., "arguments": ...}', True),
        ('<tool_call>{"name": ..., "parameters": ...}', False),
        ('<tool_call><function=f><parameter=p> "arguments"', False),
        ('[TOOL_CALLS] "arguments"', False),
    ],
)
def test_the_form_is_known_by_the_words_of_the_template(template: str, expected: bool) -> None:
    assert writes_hermes_calls(template) is expected


def test_a_schema_nested_too_deeply_stands_for_any_object() -> None:
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(9000):
        schema = {"type": "array", "items": schema}
    follower = constraint(tool("deep", schema))
    follower.accept(BEGINS)
    assert refused(follower, b'name": "deep", "arguments": {"a": 1}}</tool_call>') is None
