"""JSON Schemas of the tables of requests and answers.

A request's fields may all be left out, and null is as good as that; an answer always has the fields
without a default. Annotations that are not what they look like on the wire have a schema here.

Source: JSON Schema 2020-12, section 8 of OpenAPI 3.1.
"""

import functools
import types
import typing
from collections.abc import Callable
from typing import Any

from msgspec import NODEFAULT, Struct, structs

from pyollama.api import Duration, Float32, Float32s, LocalTime, RawJSON, Time
from pyollama_http.anthropic.types import Arguments, ContentBlock, MessageParam, Tools
from pyollama_http.anthropic.types import Tool as AnthropicTool
from pyollama_http.gojson.tools import Properties, PropertyType, Tool, ToolProperty
from pyollama_http.openai.responses.items import Input

__all__ = ["Schema", "Schemas"]

Schema = dict[str, Any]
INT64 = {"type": "integer", "minimum": -(2**63), "maximum": 2**63 - 1}
BASE64 = {"type": "string", "contentEncoding": "base64"}
PLAIN: dict[Any, Schema] = {
    str: {"type": "string"},
    bool: {"type": "boolean"},
    int: INT64,
    float: {"type": "number"},
    Float32: {"type": "number"},
    bytes: BASE64,
    Any: {},
    Time: {"type": "string", "format": "date-time"},
    LocalTime: {"type": "string", "format": "date-time"},
    Duration: {
        "description": "seconds, or a duration such as 5m; negative is for ever",
        "anyOf": [{"type": "number"}, {"type": "string", "pattern": "^[0-9]{1,4}(ms|s|m|h)$"}],
    },
    bool | str: {"anyOf": [{"type": "boolean"}, {"enum": ["low", "medium", "high", "max"]}]},
    Float32s: {"type": "array", "items": {"type": "number"}},
    dict[str, Any]: {"type": "object"},
    Arguments: {"type": "object"},
    PropertyType: {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]},
    RawJSON: {
        "description": "json, or a JSON Schema",
        "anyOf": [{"const": "json"}, {"type": "object"}],
    },
    None: {"type": "null"},
    type(None): {"type": "null"},
}


class Schemas:
    """The schemas of structs by name, as they are asked for; each refers to the others."""

    def __init__(self) -> None:
        self.components: dict[str, Schema] = {}
        self.lists: dict[Any, Callable[[], Schema]] = {
            list[dict[str, Any]]: lambda: _array(self.request(Tool)),
            Tools: lambda: _array(self.request(AnthropicTool)),
            Properties: lambda: {
                "type": "object",
                "additionalProperties": self.request(ToolProperty),
            },
            Input: lambda: {"anyOf": [{"type": "string"}, {"type": "array"}]},
        }

    def request(self, kind: type[Struct]) -> Schema:
        """A reference to the schema of a request."""
        return self._reference(kind, functools.partial(self._fields, must=False))

    def answer(self, kind: type[Struct]) -> Schema:
        """A reference to the schema of an answer."""
        return self._reference(kind, functools.partial(self._fields, must=True))

    def _reference(self, kind: type[Struct], fields: Callable[[type[Struct]], Schema]) -> Schema:
        name = name_of(kind)
        if name not in self.components:
            self.components[name] = {}  # it may refer to itself
            self.components[name] = fields(kind)
        return {"$ref": f"#/components/schemas/{name}"}

    def _fields(self, kind: type[Struct], *, must: bool) -> Schema:
        """The schema of a struct; must tells whether fields without a default are required."""
        hints = typing.get_type_hints(kind)
        omits = kind.__struct_config__.omit_defaults
        properties, required = {}, []
        for info in structs.fields(kind):
            properties[info.encode_name] = self._schema(hints.get(info.name, info.type), must)
            has_default = info.default is not NODEFAULT or info.default_factory is not NODEFAULT
            if must and not (omits and has_default):
                required.append(info.encode_name)
        schema: Schema = {"type": "object", "properties": properties}
        if kind is MessageParam:
            text_or_blocks = [PLAIN[str], _array(self.request(ContentBlock))]
            schema["properties"]["content"] = {"anyOf": text_or_blocks}
        if kind.__doc__:
            schema["description"] = kind.__doc__.split("\n")[0]
        return schema | ({"required": required} if required else {})

    def _schema(self, annotation: Any, must: bool) -> Schema:
        """The schema of a field."""
        if annotation in PLAIN:
            return PLAIN[annotation]
        if annotation in self.lists:
            return self.lists[annotation]()
        origin = typing.get_origin(annotation)
        if origin in (typing.Union, types.UnionType):
            return self._union(annotation, must)
        if origin is list:
            return _array(self._schema(typing.get_args(annotation)[0], must))
        if origin is dict:
            values = self._schema(typing.get_args(annotation)[1], must)
            return {"type": "object", "additionalProperties": values}
        if isinstance(annotation, type) and issubclass(annotation, Struct):
            return self.answer(annotation) if must else self.request(annotation)
        raise TypeError(f"no schema for {annotation}")

    def _union(self, annotation: Any, must: bool) -> Schema:
        """One of several, as which null comes last."""
        kinds = typing.get_args(annotation)
        rest = [kind for kind in kinds if kind is not type(None)]
        whole = functools.reduce(lambda a, b: a | b, rest)
        if whole in PLAIN or len(rest) == 1:
            schema = self._schema(whole, must)
        else:
            schema = {"anyOf": [self._schema(kind, must) for kind in rest]}
        return {"anyOf": [schema, PLAIN[None]]} if len(rest) < len(kinds) else schema


def _array(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def name_of(kind: type[Struct]) -> str:
    """A struct's name in the document: its module's, less what all of them share, and its own."""
    module = kind.__module__.removeprefix("pyollama_http.").removeprefix("pyollama.")
    return f"{module.removesuffix('.types')}.{kind.__name__}"
