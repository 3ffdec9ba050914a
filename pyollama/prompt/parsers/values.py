"""Arguments that a model wrote as plain text, made values by the types that a tool declares."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pyollama.prompt.parsers.base import Tool
from pyollama.prompt.parsers.gojson import JSONError, read_json

__all__ = ["parameters_of", "tool_named", "typed_value", "types_of"]

INT = re.compile(r"[+-]?0*+([0-9]{0,19}+)", re.ASCII)
FLOAT = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?", re.ASCII)
INT64 = range(-(2**63), 2**63)


def typed_value(text: str, types: Sequence[str]) -> Any:
    """The value of a parameter that is declared as one of some types; text if it fits none.

    A newline on either side belongs to the format. `null` is null whatever is declared.
    """
    text = text.removeprefix("\n").removesuffix("\n")
    if text.lower() == "null":
        return None
    kinds = set(types)
    for kind, read in READERS.items():
        if kind in kinds:
            value = read(text)
            if value is not None:
                return value
        if kinds == {"boolean"}:
            return False  # whatever else it says
    return text


def _boolean(text: str) -> bool | None:
    return {"true": True, "false": False}.get(text.lower())


def _integer(text: str) -> int | None:
    """A decimal number that fits into 64 bits."""
    value = int(text) if len(text) < 4000 and INT.fullmatch(text) and text[-1:].isdigit() else None
    return value if value is None or value in INT64 else None


def _number(text: str) -> float | int | None:
    """A decimal number, as an int if it is whole and fits into 64 bits."""
    if not FLOAT.fullmatch(text):
        return None
    value = float(text)
    if value - value != 0:
        return None  # beyond what a float64 can hold
    return int(value) if value.is_integer() and int(value) in INT64 else value


def _array(text: str) -> Any:
    value = _json(text)
    return value if isinstance(value, list) else None


def _object(text: str) -> Any:
    value = _json(text)
    return value if isinstance(value, dict) else None


def _json(text: str) -> Any:
    try:
        return read_json(text)
    except JSONError:
        return None


READERS = {  # in the order in which they are tried
    "boolean": _boolean,
    "integer": _integer,
    "number": _number,
    "array": _array,
    "object": _object,
}


def tool_named(tools: Sequence[Tool], name: str) -> Mapping[str, Any] | None:
    """The function of the first tool with a name, as the client declared it."""
    for tool in tools:
        function = _mapping(tool.get("function"))
        if function.get("name") == name:
            return function
    return None


def parameters_of(function: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """The declared parameters of a function by name; none if it does not say."""
    return _mapping(_mapping((function or {}).get("parameters")).get("properties"))


def types_of(schema: Any) -> tuple[str, ...]:
    """The types that a parameter may have; of a parameter with branches, those of all branches."""
    declared = _mapping(schema)
    branches = declared.get("anyOf")
    parts = branches if isinstance(branches, list) and branches else [declared]
    return tuple(dict.fromkeys(name for part in parts for name in _types(part)))


def _types(schema: Any) -> Iterator[str]:
    """The types that a schema itself names: one, or a list."""
    kind = _mapping(schema).get("type")
    for name in kind if isinstance(kind, list) else [kind]:
        if isinstance(name, str) and name:
            yield name


def _mapping(value: Any) -> Mapping[str, Any]:
    """The value if it is an object; clients write anything."""
    return value if isinstance(value, Mapping) else {}
