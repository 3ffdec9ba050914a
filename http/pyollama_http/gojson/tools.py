"""The tools of a chat request: bound to Ollama's own table, then given to the template as a dict.

What a model's template prints is not what the client wrote: keys that the table does not know are
dropped, the others stand in the table's order (properties in the client's), a type that is a list
of one becomes that one, and missing parameters become {"type":"","properties":null}.
"""

from typing import Any

from msgspec import Struct, field, structs

from pyollama_http.gojson.bind import (
    GO_NAMES,
    MISSING,
    PARSERS,
    Place,
    bind,
    own_parser,
    parser_of,
    zero,
)
from pyollama_http.gojson.fields import ordered_map
from pyollama_http.gojson.scanner import Tree
from pyollama_http.gojson.text import clean

__all__ = ["tool_parameters"]


class PropertyType(list[str]):
    """The type of a property: one name, or several."""


class Properties(dict[str, "ToolProperty"]):
    """The properties of an object by name, in the client's order."""


class ToolProperty(Struct, omit_defaults=True):
    """A JSON schema, as far as tools may use it."""

    any_of: "list[ToolProperty]" = field(default_factory=list, name="anyOf")
    type: PropertyType = field(default_factory=PropertyType)
    items: Any = None
    description: str = ""
    enum: list[Any] = field(default_factory=list)
    properties: Properties | None = None
    required: list[str] = field(default_factory=list)


class ToolFunctionParameters(Struct, omit_defaults=True, kw_only=True):
    """What a tool takes: type and properties are always printed."""

    type: str
    defs: Any = field(default=None, name="$defs")
    items: Any = None
    required: list[str] = field(default_factory=list)
    properties: Properties | None


class ToolFunction(Struct, omit_defaults=True, kw_only=True):
    """A tool's name, purpose and parameters."""

    name: str
    description: str = ""
    parameters: ToolFunctionParameters


class Tool(Struct, omit_defaults=True, kw_only=True):
    """One tool that the model may call."""

    type: str
    items: Any = None
    function: ToolFunction


def tool_parameters(schema: Tree) -> dict[str, Any]:
    """What a tool takes, in the form in which a request's tools have it, of a JSON schema.

    DecodeError in Go's words for what the table cannot hold.
    """
    printed: dict[str, Any] = _printed(bind(ToolFunctionParameters, schema))
    return printed


def _tools(tree: Tree, place: Place) -> Any:
    """The tools as plain dicts."""
    if tree is None:
        return MISSING
    if type(tree) is not list:
        return place.mismatch(tree, "api.Tools")
    parse = parser_of(Tool)
    tools = (parse(item, place) for item in tree)
    return [_printed(zero(Tool) if tool is MISSING else tool) for tool in tools]


def _property_type(tree: Tree, place: Place) -> Any:
    """One string, or a list of them."""
    if tree is None:
        return MISSING
    if type(tree) is str:
        return PropertyType([clean(tree)])
    values = parser_of(list[str])(tree, place)
    return MISSING if values is MISSING else PropertyType(values)


def _properties(tree: Tree, place: Place) -> Any:
    """Properties by name."""
    pairs = ordered_map(tree, place)
    if pairs is None:
        return MISSING
    parse = parser_of(ToolProperty)
    bound = {clean(name): parse(value, place) for name, value in pairs}
    return Properties({k: ToolProperty() if v is MISSING else v for k, v in bound.items()})


def _printed(value: Any) -> Any:
    """The value as the dict, list or scalar that its JSON would read back as."""
    if isinstance(value, Struct):
        fields = ((info, getattr(value, info.name)) for info in structs.fields(value))
        return {info.encode_name: _printed(v) for info, v in fields if info.required or v}
    if isinstance(value, PropertyType):
        return value[0] if len(value) == 1 else list(value)
    if isinstance(value, Properties):
        return {name: _printed(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_printed(each) for each in value]
    return value


PARSERS.update(
    {
        list[dict[str, Any]]: _tools,
        PropertyType: own_parser(_property_type),
        Properties: own_parser(_properties),
    }
)
GO_NAMES.update({PropertyType: "[]string"})
