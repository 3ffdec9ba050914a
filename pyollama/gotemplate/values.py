"""The values that a template works on: plain data, and the few shapes of Go that it can tell.

bool, int, float, str, bytes, list and dict (with string keys) stand for Go's own kinds, None for a
nil interface, NO_VALUE for what is not there at all. A Struct has a table of fields, and nothing of
Python's can be reached: no attribute, no method, no class. Strings are counted in bytes of UTF-8;
half a character, which slicing can leave, is kept as lone surrogates.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

__all__ = [
    "NO_VALUE",
    "JsonMap",
    "NamedList",
    "NoValue",
    "Struct",
    "Value",
    "from_bytes",
    "is_true",
    "to_bytes",
    "type_name",
]

Value = object
"""Any of the kinds above."""


class NoValue:
    """The kind of NO_VALUE."""

    def __repr__(self) -> str:
        return "<no value>"


NO_VALUE: Final = NoValue()


@dataclass(frozen=True)
class Struct:
    """A struct of Go.

    type_name: as errors name its type
    fields: by their names in Go, in their order
    json: what its JSON holds, in that order; None for the fields as they are named in Go
    prints_json: whether it prints as its JSON, rather than as {value value}
    methods: what its methods without arguments give
    """

    type_name: str
    fields: Mapping[str, Value]
    json: Mapping[str, Value] | None = None
    prints_json: bool = False
    methods: Mapping[str, Value] = field(default_factory=dict)


class JsonMap(dict[str, Value]):
    """A map that prints as JSON."""

    type_name = "map[string]interface {}"


class NamedList(list[Value]):
    """A list whose type prints itself: as text, or as JSON if that is None.

    json: what its JSON is, where that is no list
    is_nil: whether it is Go's nil list, of which the JSON is null
    """

    def __init__(
        self,
        items: list[Value],
        type_name: str,
        *,
        text: str | None = None,
        json: Value = None,
        is_nil: bool = False,
    ) -> None:
        super().__init__(items)
        self.type_name = type_name
        self.text = text
        self.json = json
        self.is_nil = is_nil


def is_true(value: Value) -> bool:
    """What if, and, or, not and with go by: false are 0, nil and all that is empty."""
    if isinstance(value, bool | int | float | str | bytes | list | dict):
        return bool(value)
    return value is not None and value is not NO_VALUE


def type_name(value: Value) -> str:
    """The name of a value's type in Go."""
    if isinstance(value, Struct | NamedList | JsonMap):
        return value.type_name
    names: dict[type, str] = {bool: "bool", int: "int", float: "float64", str: "string"}
    names |= {bytes: "[]uint8", list: "[]interface {}", dict: "map[string]interface {}"}
    return names.get(type(value), "interface {}")


def to_bytes(text: str) -> bytes:
    """UTF-8, with lone surrogates as the bytes that they stand for."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # a surrogate that stands for no byte
        return text.encode("utf-8", "replace")


def from_bytes(data: bytes) -> str:
    """The reverse of to_bytes."""
    return data.decode("utf-8", "surrogateescape")
