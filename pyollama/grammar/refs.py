"""References inside a schema. Only what the schema itself holds is found; nothing is fetched."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from pyollama.grammar.errors import SchemaError

MAX_SHOWN = 20_000  # characters of a schema that an error repeats
MAX_ERRORS = 16


def shown(schema: Any) -> str:
    """A part of a schema as an error shows it."""
    return json.dumps(schema, separators=(",", ":"), ensure_ascii=False)[:MAX_SHOWN]


def require_resolved(schema: Any) -> None:
    """Raise SchemaError for every reference, wherever it stands, that leads nowhere."""
    problems = []
    for ref in references(schema):
        try:
            resolve(schema, ref)
        except SchemaError as error:
            problems.append(str(error))
        if len(problems) >= MAX_ERRORS:
            break
    if problems:
        raise SchemaError("\n".join(problems))


def references(schema: Any) -> Iterator[str]:
    """The text of each reference, in the order of the document."""
    waiting = [schema]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Mapping):
            if isinstance(node.get("$ref"), str):
                yield node["$ref"]
            else:
                waiting += reversed(list(node.values()))
        elif isinstance(node, list):
            waiting += reversed(node)


def resolve(schema: Any, ref: str) -> Any:
    """The part of a schema that `#/...` points to. Raises SchemaError."""
    if not ref.startswith("#/"):
        raise SchemaError(f"Unsupported ref: {ref}")
    node = schema
    for step in ref.split("/")[1:]:
        found = _child(node, step)
        if found is None:
            raise SchemaError(f"Error resolving ref {ref}: {step} not in {shown(node)}")
        node = found[0]
    return node


def _child(node: Any, step: str) -> tuple[Any] | None:
    """What a step of a pointer leads to, None for nothing."""
    name = step.replace("~1", "/").replace("~0", "~")
    if isinstance(node, Mapping):
        return next(((node[key],) for key in (step, name) if key in node), None)
    if isinstance(node, list) and step.isdecimal() and len(step) < 7 and int(step) < len(node):
        return (node[int(step)],)
    return None
