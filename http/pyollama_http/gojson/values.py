"""The parsers of plain values: text, booleans, numbers, free-form values and maps.

Each enters its annotation into bind.PARSERS, as `fields` and `tools` do for their own.
"""

import json
import re
import sys
from typing import Any

from pyollama.api import Float32, RawJSON
from pyollama_http.gojson.bind import GO_NAMES, MISSING, PARSERS, VERBATIM, Parser, Place
from pyollama_http.gojson.scanner import Number, Pairs, Tree
from pyollama_http.gojson.text import clean

__all__ = ["integer", "plain", "tree_text"]

FLOAT32_MAX = float.fromhex("0x1.fffffep127")
INTEGER = re.compile(r"-?[0-9]{1,19}")


def _text(tree: Tree, place: Place) -> Any:
    if type(tree) is str:
        return clean(tree)
    return MISSING if tree is None else place.mismatch(tree, "string")


def _boolean(tree: Tree, place: Place) -> Any:
    if tree is None or type(tree) is bool:
        return MISSING if tree is None else tree
    return place.mismatch(tree, "bool")


def integer(tree: Tree, place: Place, low: int, high: int, go_type: str) -> Any:
    """A whole number of a Go integer type."""
    if tree is None:
        return MISSING
    if type(tree) is not Number:
        return place.mismatch(tree, go_type)
    if INTEGER.fullmatch(tree) and low <= int(tree) <= high:
        return int(tree)
    return place.mismatch(tree, go_type, literal=True)


def _float(go_type: str) -> Parser:
    """The parser of a floating-point type; any number will do that is not infinite in it."""
    most = {"float64": sys.float_info.max, "float32": FLOAT32_MAX}[go_type]

    def parser(tree: Tree, place: Place) -> Any:
        if tree is None:
            return MISSING
        if type(tree) is not Number:
            return place.mismatch(tree, go_type)
        value = float(tree)
        return value if abs(value) <= most else place.mismatch(tree, go_type, literal=True)

    return parser


def plain(tree: Tree, place: Place) -> Any:
    """A free-form value as Python objects, of any depth; numbers are float64, as in Go.

    Whole numbers that a float64 holds exactly become int, so that they print as Go prints them.
    """
    root: dict[Any, Any] = {}
    todo: list[tuple[Any, Any, Tree]] = [(root, "", tree)]
    while todo:
        target, key, value = todo.pop()
        made: Any
        if isinstance(value, Pairs):
            unique = {clean(name): item for name, item in value}
            made, items = dict.fromkeys(unique), unique.items()
            todo.extend((made, name, item) for name, item in items)
        elif type(value) is list:
            made = [None] * len(value)
            todo.extend((made, index, item) for index, item in enumerate(value))
        else:
            made = _plain_scalar(value, place)
        target[key] = made
    return root[""]


def _plain_scalar(value: Tree, place: Place) -> Any:
    """A string, number, boolean or null as it is in Python."""
    if type(value) is str:
        return clean(value)
    if type(value) is not Number:
        return value
    if len(value) <= 15 and INTEGER.fullmatch(value) and value != "-0":
        return int(value)
    number = float(value)
    if number in (float("inf"), float("-inf")):
        place.mismatch(value, "float64", literal=True)
    exact = number.is_integer() and abs(number) < 2**53 and str(number) != "-0.0"
    return int(number) if exact else number


def _map(tree: Tree, place: Place) -> Any:
    if tree is None:
        return MISSING
    if not isinstance(tree, Pairs):
        return place.mismatch(tree, GO_NAMES[dict[str, Any]])
    return plain(tree, place)


def _map_of_text(tree: Tree, place: Place) -> Any:
    if tree is None:
        return MISSING
    if not isinstance(tree, Pairs):
        return place.mismatch(tree, GO_NAMES[dict[str, str]])
    texts = ((clean(key), _text(value, place)) for key, value in tree)
    return {key: "" if text is MISSING else text for key, text in texts}


def _raw(tree: Tree, place: Place) -> Any:
    """The text of a value; decode() keeps that of a top-level field as the client wrote it."""
    if isinstance(tree, RawJSON):
        return tree
    return MISSING if tree is None else RawJSON(tree_text(tree).encode())


def tree_text(tree: Tree) -> str:
    """A tree as JSON text again: compact, keys in their order, numbers as they were written."""
    if isinstance(tree, Pairs):
        members = (
            f"{json.dumps(clean(key), ensure_ascii=False)}:{tree_text(value)}"
            for key, value in tree
        )
        return "{" + ",".join(members) + "}"
    if type(tree) is list:
        return "[" + ",".join(map(tree_text, tree)) + "]"
    return tree if type(tree) is Number else _quoted(tree)


def _quoted(value: str | bool | None) -> str:
    """A scalar as JSON text."""
    return clean(json.dumps(value, ensure_ascii=False))


PARSERS.update(
    {
        str: _text,
        bool: _boolean,
        float: _float("float64"),
        Float32: _float("float32"),
        int: lambda tree, place: integer(tree, place, -(2**63), 2**63 - 1, "int"),
        dict[str, Any]: _map,
        dict[str, str]: _map_of_text,
        Any: plain,
        RawJSON: _raw,
    }
)
VERBATIM.add(_raw)
GO_NAMES.update({float: "float64", Float32: "float32"})
