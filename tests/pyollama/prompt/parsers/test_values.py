"""Arguments as text, made values by their declared types."""

from typing import Any

import pytest

from pyollama.prompt.parsers.values import parameters_of, tool_named, typed_value, types_of


@pytest.mark.parametrize(
    ("text", "types", "value"),
    [
        ("\nOslo\n", ["string"], "Oslo"),
        ("\n\n x \n\n", ["string"], "\n x \n"),
        ("NULL", ["string"], None),
        ("True", ["boolean"], True),
        ("perhaps", ["boolean"], False),
        ("perhaps", ["boolean", "string"], "perhaps"),
        ("-7", ["integer"], -7),
        ("+7", ["integer"], 7),
        ("7.5", ["integer"], "7.5"),
        ("abc", ["integer"], "abc"),
        ("9223372036854775808", ["integer"], "9223372036854775808"),
        ("1_000", ["integer", "number"], "1_000"),
        ("٣", ["integer", "number"], "٣"),
        ("12", ["string", "number"], 12),
        ("12.0", ["number"], 12),
        ("12.25", ["number"], 12.25),
        ("1e30", ["number"], 1e30),
        ("1e999", ["number"], "1e999"),
        ("nan", ["number"], "nan"),
        ("[1, 2]", ["array"], [1, 2]),
        ('{"a": 1}', ["array", "object"], {"a": 1}),
        ("[1,", ["array"], "[1,"),
        ('{"a": 1}', ["string"], '{"a": 1}'),
        ("5", [], "5"),
        ("5", ["thing"], "5"),
    ],
)
def test_a_text_becomes_a_value_of_a_declared_type(text: str, types: list[str], value: Any) -> None:
    found = typed_value(text, types)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("schema", "types"),
    [
        ({"type": "integer"}, ("integer",)),
        ({"type": ["string", "null"]}, ("string", "null")),
        ({"anyOf": [{"type": "string"}, {"type": ["number", "string"]}]}, ("string", "number")),
        ({"type": "boolean", "anyOf": []}, ("boolean",)),
        ({"type": "boolean", "anyOf": [{}, 3]}, ()),
        ({"type": 5, "anyOf": "x"}, ()),
        ("text", ()),
        (None, ()),
    ],
)
def test_the_types_of_all_branches_are_pooled(schema: Any, types: tuple[str, ...]) -> None:
    assert types_of(schema) == types


def test_a_tool_is_found_whatever_the_others_look_like() -> None:
    properties = {"city": {"type": "string"}}
    wanted = {"name": "f", "parameters": {"properties": properties}}
    tools: list[dict[str, Any]] = [{}, {"function": 3}, {"function": wanted}]
    assert parameters_of(tool_named(tools, "f")) == properties
    assert parameters_of(tool_named(tools, "g")) == {}
    assert parameters_of({"parameters": {"properties": []}}) == {}
