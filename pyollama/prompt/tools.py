"""Tools and calls of tools as Go's structs print them, whatever the client wrote.

Keys stand in the order of Ollama's own types, properties and the arguments of a call in the
client's, and everything below them that has no type of its own (items, $defs, enum, values) sorted.
Keys that the types do not know are left out, and so is what is empty, but for the few keys that
are always printed.
"""

from collections.abc import Mapping
from typing import Any

from pyollama.api import ToolCall
from pyollama.prompt.jsontext import require_shallow, sorted_keys

__all__ = [
    "arguments_object",
    "as_list",
    "as_mapping",
    "as_text",
    "function_object",
    "property_types",
    "tool_object",
]

Schema = dict[str, Any]


def tool_object(tool: Mapping[str, Any]) -> Schema:
    """{"type", "items"?, "function"}, for `jsontext` to write. Raises EngineError."""
    return {
        "type": as_text(tool.get("type")),
        **given(items=sorted_keys(tool.get("items"))),
        "function": function_object(tool),
    }


def function_object(tool: Mapping[str, Any]) -> Schema:
    """The function of a tool: {"name", "description"?, "parameters"}. Raises EngineError."""
    function = as_mapping(tool.get("function"))
    return {
        "name": as_text(function.get("name")),
        **given(description=as_text(function.get("description"))),
        "parameters": _parameters(as_mapping(function.get("parameters"))),
    }


def _parameters(parameters: Mapping[str, Any]) -> Schema:
    """{"type", "$defs"?, "items"?, "required"?, "properties"}; no properties at all are null."""
    return {
        "type": as_text(parameters.get("type")),
        **given(**{"$defs": sorted_keys(parameters.get("$defs"))}),
        **given(items=sorted_keys(parameters.get("items"))),
        **given(required=as_list(parameters.get("required"))),
        "properties": _properties(parameters.get("properties"), 0),
    }


def _properties(properties: Any, depth: int) -> Schema | None:
    """The schemas of arguments by name; None if it is no object."""
    if not isinstance(properties, Mapping):
        return None
    return {name: _property(as_mapping(each), depth) for name, each in properties.items()}


def _property(schema: Mapping[str, Any], depth: int) -> Schema:
    """The schema of one argument; all of its keys are left out when empty."""
    require_shallow(depth)
    types = property_types(schema)
    return given(
        anyOf=[_property(as_mapping(each), depth + 1) for each in as_list(schema.get("anyOf"))],
        type=types[0] if len(types) == 1 else types,
        items=sorted_keys(schema.get("items")),
        description=as_text(schema.get("description")),
        enum=sorted_keys(as_list(schema.get("enum"))),
        properties=_properties(schema.get("properties"), depth + 1),
        required=as_list(schema.get("required")),
    )


def property_types(schema: Mapping[str, Any]) -> list[str]:
    """The types that an argument may have, by name."""
    kind = schema.get("type")
    return [each for each in (kind if isinstance(kind, list) else [kind]) if isinstance(each, str)]


def arguments_object(call: ToolCall) -> Schema:
    """The arguments of a call, in the order in which they were given. Raises EngineError."""
    return {name: sorted_keys(value) for name, value in call.function.arguments.items()}


def given(**items: Any) -> Schema:
    """The items that are there; an empty object counts, as it does behind Go's pointers."""
    return {name: value for name, value in items.items() if value not in (None, "", [])}


def as_text(value: Any) -> str:
    """A string, or an empty one for what is none."""
    return value if isinstance(value, str) else ""


def as_mapping(value: Any) -> Mapping[str, Any]:
    """An object, or an empty one for what is none."""
    return value if isinstance(value, Mapping) else {}


def as_list(value: Any) -> list[Any]:
    """A list, or an empty one for what is none."""
    return value if isinstance(value, list) else []
