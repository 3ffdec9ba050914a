"""How Gemma 4 is told of a tool: its declaration, and within it the schema of its arguments.

    declaration:f{description:<|"|>D<|"|>,parameters:{properties:{a:{type:<|"|>STRING<|"|>}},
    required:[<|"|>a<|"|>],type:<|"|>OBJECT<|"|>}}                                 (on one line)

Of a schema only what the format has is shown; types are in capitals.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from pyollama.prompt.jsontext import require_shallow
from pyollama.prompt.renderers.base import Tool
from pyollama.prompt.renderers.gemma_values import Notation
from pyollama.prompt.tools import as_list, as_mapping, as_text, property_types

__all__ = ["NOTATION", "declaration"]

NOTATION = Notation(quote='<|"|>')

RESERVED = {"description", "type", "properties", "required", "nullable"}
"""Arguments of these names are not shown: the format has its own meaning for them."""

FRAMES = 4  # a level of a schema takes so much more of Python's stack than one of a value


def declaration(tool: Tool) -> str:
    """A tool's name, description and parameters. Raises EngineError if nested too deeply."""
    function = as_mapping(tool.get("function"))
    description = NOTATION.text(as_text(function.get("description")))
    parameters = ",".join(_parameters(as_mapping(function.get("parameters"))))
    shown = f",parameters:{{{parameters}}}" if parameters else ""
    return f"declaration:{as_text(function.get('name'))}{{description:{description}{shown}}}"


def _parameters(parameters: Mapping[str, Any]) -> Iterator[str]:
    """The parts of a tool's parameters, each only if there is something to show."""
    if properties := as_mapping(parameters.get("properties")):
        yield f"properties:{{{_properties(properties, 0)}}}"
    if required := as_list(parameters.get("required")):
        yield f"required:{NOTATION.texts(required)}"
    if kind := as_text(parameters.get("type")):
        yield f"type:{NOTATION.text(kind.upper())}"


def _properties(properties: Mapping[str, Any], depth: int) -> str:
    """Arguments by name, sorted; depth 0 are those of the tool itself."""
    require_shallow(depth * FRAMES)
    return ",".join(
        f"{name}:{{{','.join(_property(as_mapping(properties[name]), depth))}}}"
        for name in sorted(set(properties) - RESERVED)
    )


def _property(schema: Mapping[str, Any], depth: int) -> Iterator[str]:
    """The parts of one argument's schema."""
    types = [kind.upper() for kind in _types(schema)]
    if description := as_text(schema.get("description")):
        yield f"description:{NOTATION.text(description)}"
    if types == ["STRING"] and (choices := as_list(schema.get("enum"))):
        yield f"enum:{NOTATION.value(choices)}"
    if types == ["ARRAY"] and (items := as_mapping(schema.get("items"))):
        yield f"items:{{{','.join(_items(items, depth + 1))}}}"
    if schema.get("nullable") is True:
        yield "nullable:true"
    if types == ["OBJECT"]:
        yield from _object(schema, depth + 1)
    if types:
        yield f"type:{_shown_types(types, depth)}"


def _types(schema: Mapping[str, Any]) -> list[str]:
    """The types that an argument may have, by its own word or by those of its alternatives."""
    alternatives = map(as_mapping, as_list(schema.get("anyOf")))
    return property_types(schema) or [
        kind for alternative in alternatives for kind in property_types(alternative)
    ]


def _shown_types(types: list[str], depth: int) -> str:
    """One type as a text; of several the tool's own arguments show one text, others a list."""
    if len(types) == 1:
        return NOTATION.text(types[0])
    if depth == 0:
        return NOTATION.text("[" + ", ".join(f"'{kind}'" for kind in types) + "]")
    return NOTATION.texts(types)


def _object(schema: Mapping[str, Any], depth: int) -> Iterator[str]:
    """The parts that only an object's schema has."""
    if properties := as_mapping(schema.get("properties")):
        yield f"properties:{{{_properties(properties, depth)}}}"
    if required := as_list(schema.get("required")):
        yield f"required:{NOTATION.texts(required)}"


def _items(items: Mapping[str, Any], depth: int) -> Iterator[str]:
    """The schema of a list's items, all of whose keys are shown, sorted."""
    require_shallow(depth * FRAMES)
    for key in sorted(items):
        value = items[key]
        if key == "properties":
            yield f"properties:{{{_properties(as_mapping(value), depth)}}}"
        elif key == "required":
            yield f"required:{NOTATION.texts(as_list(value))}"
        elif key == "type":
            yield f"type:{_shown_types([kind.upper() for kind in property_types(items)], depth)}"
        elif value is not None:
            yield f"{key}:{NOTATION.value(value, depth)}"
