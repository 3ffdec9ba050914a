"""The text of a schema as Python values, small enough to be walked through."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from pyollama.grammar.errors import SchemaError

MAX_BYTES = 1_000_000  # of a schema
MAX_LEVELS = 256  # of lists and objects in a schema


def parsed(text: bytes) -> Any:
    """The schema with its keys in their order, small enough to be walked through."""
    if len(text) > MAX_BYTES:
        raise SchemaError(f"the schema is longer than {MAX_BYTES} bytes")
    try:
        schema = json.loads(text.decode("utf-8", "replace"), parse_constant=_refuse_constant)
        if "\\u" in json.dumps(schema):  # also half a surrogate pair, which no text can hold
            plain = json.dumps(schema, ensure_ascii=False).encode("utf-8", "replace")
            schema = json.loads(plain)
    except ValueError as error:
        raise SchemaError(f"the schema is not valid JSON: {error}") from error
    except RecursionError as error:
        raise SchemaError("the schema is nested too deeply") from error
    _require_shallow(schema)
    return schema


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _require_shallow(schema: Any) -> None:
    level = [schema]
    for _ in range(MAX_LEVELS):
        level = [child for node in level for child in _children(node)]
        if not level:
            return
    raise SchemaError("the schema is nested too deeply")


def _children(node: Any) -> Iterable[Any]:
    if isinstance(node, Mapping):
        return node.values()
    return node if isinstance(node, list) else ()
