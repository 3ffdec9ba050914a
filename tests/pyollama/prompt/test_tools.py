"""Tools as Go's structs print them."""

from typing import Any

import pytest

from pyollama.api import ToolCall, ToolCallFunction
from pyollama.errors import EngineError
from pyollama.prompt.jsontext import compact
from pyollama.prompt.tools import arguments_object, function_object, property_types, tool_object


def test_keys_stand_in_the_order_of_the_types_and_properties_in_the_clients() -> None:
    tool = {
        "function": {
            "parameters": {
                "properties": {
                    "unit": {"enum": ["c", "f"], "description": "Which", "type": "string"},
                    "at": {"type": ["string", "null"]},
                },
                "required": ["at"],
                "$defs": {"b": 1, "a": {"d": 2, "c": 3}},
                "type": "object",
            },
            "description": "Measure",
            "name": "measure",
        },
        "type": "function",
    }
    assert compact(tool_object(tool)) == (
        '{"type":"function","function":{"name":"measure","description":"Measure","parameters":'
        '{"type":"object","$defs":{"a":{"c":3,"d":2},"b":1},"required":["at"],"properties":'
        '{"unit":{"type":"string","description":"Which","enum":["c","f"]},'
        '"at":{"type":["string","null"]}}}}}'
    )


def test_a_type_in_a_list_alone_is_that_type() -> None:
    tool = {"function": {"parameters": {"properties": {"x": {"type": ["integer"]}}}}}
    assert function_object(tool)["parameters"]["properties"] == {"x": {"type": "integer"}}
    assert property_types({"type": ["integer", "null"]}) == ["integer", "null"]
    assert property_types({"type": 5}) == []


def test_missing_parameters_print_as_empty_ones() -> None:
    assert compact(tool_object({"type": "function", "function": {"name": "f"}})) == (
        '{"type":"function","function":{"name":"f","parameters":{"type":"","properties":null}}}'
    )


@pytest.mark.parametrize("wrong", [None, 1, "text", [1], {}])
def test_a_part_of_the_wrong_type_counts_as_missing(wrong: Any) -> None:
    bare = tool_object({})
    assert tool_object({"type": [1], "function": wrong}) == bare
    assert tool_object({"function": {"name": [1], "description": 2, "parameters": wrong}}) == bare
    properties = {"properties": {"p": wrong}}
    assert tool_object({"function": {"parameters": properties}})["function"]["parameters"] == {
        "type": "",
        "properties": {"p": {}},
    }


def test_arguments_keep_their_order_and_the_objects_in_them_are_sorted() -> None:
    call = ToolCall(function=ToolCallFunction(name="f", arguments={"b": {"z": 1, "y": 2}, "a": 3}))
    assert compact(arguments_object(call)) == '{"b":{"y":2,"z":1},"a":3}'


def test_schemas_nested_too_deeply_are_an_error() -> None:
    schema: dict[str, Any] = {}
    for _ in range(5000):
        schema = {"properties": {"p": schema}}
    with pytest.raises(EngineError, match="nested too deeply"):
        tool_object({"function": {"parameters": schema}})
