"""From a tree to the typed request, as Go's encoding/json binds one; the table is the Struct.

Keys match field names without regard to case, unknown keys are passed over, null leaves a field
as it is, and the later of two equal keys wins (maps are merged). A value of the wrong type is noted
and the binding goes on; at the end the first note becomes the error, in Go's words with Go's type
names. A field with a parser of its own (keep_alive, think, a message, a map of tool parameters)
ends the binding at once.

In the words of errors a struct has its own name and the package api, unless its class says
otherwise by ``go_struct`` ("" for one that has no name in Go) and ``go_package``.

An annotation that binds differently from its look is entered in PARSERS by the modules that know.
"""

import functools
import operator
import types
import typing
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from msgspec import NODEFAULT, Struct, structs

from pyollama_http.gojson.scanner import DecodeError, Number, Pairs, Tree

__all__ = [
    "GO_NAMES",
    "MISSING",
    "PARSERS",
    "VERBATIM",
    "Parser",
    "Place",
    "bind",
    "own_parser",
    "parser_of",
    "zero",
]

MAX_LITERAL = 1 << 20  # digits of a number that an error repeats
KINDS: dict[type, str] = {
    str: "string",
    Number: "number",
    bool: "bool",
    list: "array",
    Pairs: "object",
}


class Missing:
    """The type of MISSING: there is no value, and the field keeps what it has."""


MISSING = Missing()


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the request a value stands, for the words of an error; and the notes so far."""

    struct: str = ""  # Go's name of the innermost struct
    path: str = ""  # its field, as keys joined by dots
    inside_own: bool = False  # below a field with its own parser the struct's name stays
    notes: list[str] = field(default_factory=list)

    def below(self, struct: str, key: str) -> "Place":
        """The place of a field of the struct that stands here."""
        path = f"{self.path}.{key}" if self.path else key
        return Place(self.struct if self.inside_own else struct, path, self.inside_own, self.notes)

    def own(self) -> "Place":
        """The same place with notes of its own."""
        return Place(self.struct, self.path, True, [])

    def note(self, text: str) -> None:
        """Keep an error that does not end the binding; only the first will be told."""
        if not self.notes:
            self.notes.append(text)

    def mismatch(self, value: Tree, go_type: str, *, literal: bool = False) -> Missing:
        """Note that the value does not fit the type; literal shows a number that does not."""
        kind = KINDS[type(value)] + (f" {value[:MAX_LITERAL]}" if literal else "")
        target = f"struct field {self.struct}.{self.path} of" if self.path else "value of"
        self.note(f"json: cannot unmarshal {kind} into Go {target} type {go_type}")
        return MISSING


Parser = Callable[[Tree, Place], Any]  # the value, or MISSING

PARSERS: dict[Any, Parser] = {}  # by annotation
VERBATIM: set[Parser] = set()  # those that take RawJSON, the text of the value, if it is known
GO_NAMES: dict[Any, str] = {
    str: "string",
    bool: "bool",
    int: "int",
    Any: "interface {}",
    dict[str, Any]: "map[string]interface {}",
    dict[str, str]: "map[string]string",
}


def bind(kind: type[Struct], tree: Tree) -> Any:
    """An instance of the struct from a tree; DecodeError as Go words it."""
    place = Place()
    if tree is None:
        tree = Pairs()
    if isinstance(tree, Pairs):
        value = bind_struct(kind, tree, place)
    else:
        place.mismatch(tree, go_name(kind))
    if place.notes:
        raise DecodeError(place.notes[0])
    return value


def bind_struct(kind: type[Struct], pairs: Pairs, place: Place) -> Any:
    """Fill the fields that the object names; the others take their defaults."""
    table = fields_of(kind)
    struct = getattr(kind, "go_struct", kind.__name__)
    values: dict[str, Any] = {}
    for key, tree in pairs:
        entry = table.get(key) or table.get(fold(key))
        if entry is None:
            continue
        value = entry.parser(tree, place.below(struct, entry.key))
        if value is MISSING:
            continue
        if type(value) is dict and entry.name in values:
            values[entry.name].update(value)  # in place: a key may be said a million times
        else:
            values[entry.name] = value
    for entry in table.values():
        if entry.required and entry.name not in values:
            values[entry.name] = entry.zero()
    return kind(**values)


def fold(key: str) -> str:
    """The key in lower case, by Unicode's simple folding as far as ASCII names are concerned."""
    return key.lower() if key.isascii() else key.replace("ſ", "s").lower()


@dataclass(frozen=True)
class Entry:
    """One field of a struct, by its folded key."""

    name: str  # in Python
    key: str  # on the wire
    parser: Parser
    required: bool
    zero: Callable[[], Any]


@functools.cache
def fields_of(kind: type[Struct]) -> dict[str, Entry]:
    """The table of a struct."""
    return {
        fold(info.encode_name): Entry(
            info.name,
            info.encode_name,
            parser_of(info.type),
            info.default is NODEFAULT and info.default_factory is NODEFAULT,
            functools.partial(zero, info.type),
        )
        for info in structs.fields(kind)
    }


def zero(annotation: Any) -> Any:
    """Go's value for nothing: "", 0, an empty list, a struct of those; None where None may be."""
    if _without_none(annotation) is not annotation or annotation is Any:
        return None
    kind = typing.get_origin(annotation) or annotation
    return bind_struct(kind, Pairs(), Place()) if issubclass(kind, Struct) else kind()


@functools.cache
def parser_of(annotation: Any) -> Parser:
    """The parser for a field of that type; an optional one binds as what it is when present."""
    annotation = _without_none(annotation)
    if annotation in PARSERS:
        return PARSERS[annotation]
    if typing.get_origin(annotation) is list:
        return _list_parser(annotation)
    if isinstance(annotation, type) and issubclass(annotation, Struct):
        return _struct_parser(annotation)
    raise TypeError(f"no table for {annotation}")


def _without_none(annotation: Any) -> Any:
    """The annotation less its "or None"."""
    if typing.get_origin(annotation) not in (typing.Union, types.UnionType):
        return annotation
    if type(None) not in typing.get_args(annotation):
        return annotation
    kept = [part for part in typing.get_args(annotation) if part is not type(None)]
    return functools.reduce(operator.or_, kept)


def go_name(annotation: Any) -> str:
    """Go's name of a type."""
    if annotation in GO_NAMES:
        return GO_NAMES[annotation]
    if typing.get_origin(annotation) is list:
        return "[]" + go_name(typing.get_args(annotation)[0])
    package = getattr(annotation, "go_package", "api")
    return f"{package}.{getattr(annotation, 'go_struct', annotation.__name__)}"


def own_parser(parse: Parser) -> Parser:
    """A parser whose first complaint ends the binding."""

    def parser(tree: Tree, place: Place) -> Any:
        inner = place.own()
        value = parse(tree, inner)
        if inner.notes:
            raise DecodeError(inner.notes[0])
        return value

    return parser


def _struct_parser(kind: type[Struct]) -> Parser:
    """A field that is a struct."""

    def parser(tree: Tree, place: Place) -> Any:
        if tree is None:
            return MISSING
        if not isinstance(tree, Pairs):
            return place.mismatch(tree, go_name(kind))
        return bind_struct(kind, tree, place)

    return parser


def _list_parser(annotation: Any) -> Parser:
    """A field that is a list: the elements share its place, and null is an element's zero value."""
    (element,) = typing.get_args(annotation)

    def parser(tree: Tree, place: Place) -> Any:
        if tree is None:
            return MISSING
        if type(tree) is not list:
            return place.mismatch(tree, go_name(annotation))
        parse = parser_of(element)
        values = (parse(item, place) for item in tree)
        return [zero(element) if value is MISSING else value for value in values]

    return parser
