"""The part of JSON Schema that the cases use, so that an installed wheel needs no library for it.

``type const enum anyOf not $ref`` / ``properties required additionalProperties`` / ``items
contains minItems maxItems`` / ``pattern`` / ``minimum exclusiveMinimum maximum``, with the meaning
of JSON Schema 2020-12. An unknown keyword is an error: a case must not say something that nobody
checks. The tests compare every verdict with the jsonschema package.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

Schema = dict[str, Any]

ANNOTATIONS = {"$defs", "$schema", "$comment", "title", "description"}
TYPES: dict[str, Callable[[Any], bool]] = {
    "null": lambda value: value is None,
    "boolean": lambda value: isinstance(value, bool),
    "string": lambda value: isinstance(value, str),
    "number": lambda value: _is_number(value),
    "integer": lambda value: _is_number(value) and float(value).is_integer(),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
}


class SchemaError(ValueError):
    """A schema uses a keyword or a reference that this module does not know."""


def problems(
    value: Any, schema: Schema | bool, root: Schema | None = None, at: str = ""
) -> list[str]:
    """What is wrong with a JSON value, each with its place in it (a JSON Pointer).

    `root` is where ``$ref`` looks its ``$defs`` up: the outermost schema, unless given.
    """
    if isinstance(schema, bool):
        return [] if schema else [f"{at or '/'}: nothing is allowed here"]
    root = schema if root is None else root
    found: list[str] = []
    for keyword, argument in schema.items():
        if keyword in KEYWORDS:
            found += KEYWORDS[keyword](value, argument, root, at)
        elif keyword == "additionalProperties":
            found += _additional(value, schema, root, at)
        elif keyword not in ANNOTATIONS:
            raise SchemaError(f"unknown keyword {keyword!r}")
    return found


def same(a: Any, b: Any) -> bool:
    """Equality of JSON: 1 and 1.0 are equal, 1 and true are not."""
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    return bool(a == b)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 200 else text[:200] + "…"


def _ref(value: Any, reference: str, root: Schema, at: str) -> list[str]:
    name = reference.removeprefix("#/$defs/")
    if name not in root.get("$defs", {}):
        raise SchemaError(f"unknown reference {reference!r}")
    return problems(value, root["$defs"][name], root, at)


def _type(value: Any, names: str | list[str], root: Schema, at: str) -> list[str]:
    wanted = [names] if isinstance(names, str) else names
    if any(TYPES[name](value) for name in wanted):
        return []
    return [f"{at or '/'}: {_shown(value)} is not of type {' or '.join(wanted)}"]


def _const(value: Any, wanted: Any, root: Schema, at: str) -> list[str]:
    return [] if same(value, wanted) else [f"{at or '/'}: {_shown(value)} is not {_shown(wanted)}"]


def _enum(value: Any, choices: list[Any], root: Schema, at: str) -> list[str]:
    if any(same(value, choice) for choice in choices):
        return []
    return [f"{at or '/'}: {_shown(value)} is none of {_shown(choices)}"]


def _any_of(value: Any, schemas: list[Schema], root: Schema, at: str) -> list[str]:
    tried = [problems(value, schema, root, at) for schema in schemas]
    return [] if not all(tried) else [f"{at or '/'}: none of the choices holds: {tried}"]


def _not(value: Any, schema: Schema, root: Schema, at: str) -> list[str]:
    if problems(value, schema, root, at):
        return []
    return [f"{at or '/'}: {_shown(value)} is what it must not be"]


def _properties(value: Any, schemas: dict[str, Schema], root: Schema, at: str) -> list[str]:
    if not isinstance(value, dict):
        return []
    inside = (
        problems(value[key], schemas[key], root, f"{at}/{key}") for key in schemas if key in value
    )
    return [problem for each in inside for problem in each]


def _required(value: Any, keys: list[str], root: Schema, at: str) -> list[str]:
    if not isinstance(value, dict):
        return []
    return [f"{at or '/'}: {key!r} is missing" for key in keys if key not in value]


def _additional(value: Any, schema: Schema, root: Schema, at: str) -> list[str]:
    if not isinstance(value, dict):
        return []
    others = [key for key in value if key not in schema.get("properties", {})]
    inside = (problems(value[k], schema["additionalProperties"], root, f"{at}/{k}") for k in others)
    return [problem for each in inside for problem in each]


def _items(value: Any, schema: Schema, root: Schema, at: str) -> list[str]:
    return [
        problem
        for place, item in _numbered(value)
        for problem in problems(item, schema, root, f"{at}/{place}")
    ]


def _contains(value: Any, schema: Schema, root: Schema, at: str) -> list[str]:
    if not isinstance(value, list) or any(not problems(item, schema, root, at) for item in value):
        return []
    return [f"{at or '/'}: no item is what is wanted among {_shown(value)}"]


def _numbered(value: Any) -> Iterator[tuple[int, Any]]:
    return enumerate(value if isinstance(value, list) else [])


def _min_items(value: Any, least: int, root: Schema, at: str) -> list[str]:
    few = isinstance(value, list) and len(value) < least
    return [f"{at or '/'}: {_shown(value)} has fewer than {least} items"] if few else []


def _max_items(value: Any, most: int, root: Schema, at: str) -> list[str]:
    many = isinstance(value, list) and len(value) > most
    return [f"{at or '/'}: {_shown(value)} has more than {most} items"] if many else []


def _pattern(value: Any, pattern: str, root: Schema, at: str) -> list[str]:
    if not isinstance(value, str) or re.search(pattern, value):
        return []
    return [f"{at or '/'}: {_shown(value)} does not match {pattern}"]


def _minimum(value: Any, least: float, root: Schema, at: str) -> list[str]:
    low = _is_number(value) and value < least
    return [f"{at or '/'}: {value} is less than {least}"] if low else []


def _exclusive_minimum(value: Any, bound: float, root: Schema, at: str) -> list[str]:
    low = _is_number(value) and value <= bound
    return [f"{at or '/'}: {value} is not more than {bound}"] if low else []


def _maximum(value: Any, most: float, root: Schema, at: str) -> list[str]:
    high = _is_number(value) and value > most
    return [f"{at or '/'}: {value} is more than {most}"] if high else []


Check = Callable[[Any, Any, Schema, str], list[str]]
KEYWORDS: dict[str, Check] = {
    "$ref": _ref,
    "type": _type,
    "const": _const,
    "enum": _enum,
    "anyOf": _any_of,
    "not": _not,
    "properties": _properties,
    "required": _required,
    "items": _items,
    "contains": _contains,
    "minItems": _min_items,
    "maxItems": _max_items,
    "pattern": _pattern,
    "minimum": _minimum,
    "exclusiveMinimum": _exclusive_minimum,
    "maximum": _maximum,
}
