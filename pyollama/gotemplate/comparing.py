"""eq, ne, lt, le, gt, ge: only values of the same basic kind can be compared."""

from collections.abc import Sequence

from pyollama.gotemplate.printing import printed
from pyollama.gotemplate.values import NO_VALUE, Value, to_bytes, type_name

__all__ = ["CallError", "equal_any", "less"]

INCOMPATIBLE = "incompatible types for comparison"


class CallError(Exception):
    """What a function says of its arguments; the evaluator adds where it was called."""


def kind(value: Value) -> str:
    """bool, int, float, string, nil, or other for what has no order."""
    if value is None or value is NO_VALUE:
        return "nil"
    names: dict[type, str] = {bool: "bool", int: "int", float: "float", str: "string"}
    return names.get(type(value), "other")


def equal_any(first: Value, others: Sequence[Value]) -> bool:
    """Whether the first equals any of the others. Raises CallError if they cannot be compared."""
    if not others:
        raise CallError("missing argument for comparison")
    return any(equal(first, other) for other in others)


def equal(a: Value, b: Value) -> bool:
    """Whether two values of one kind are the same; nothing but nil equals nil."""
    if kind(a) != kind(b):
        if "nil" in (kind(a), kind(b)):
            return False
        raise CallError(INCOMPATIBLE)
    if kind(a) == "nil":
        return True
    if kind(a) == "other":
        raise CallError(f"non-comparable type {printed(a)}: {type_name(a)}")
    return a == b


def less(a: Value, b: Value) -> bool:
    """Whether a comes before b. Raises CallError for kinds without an order."""
    if kind(a) in ("nil", "other") or kind(b) in ("nil", "other"):
        raise CallError("invalid type for comparison")
    if kind(a) != kind(b):
        raise CallError(INCOMPATIBLE)
    if isinstance(a, str) and isinstance(b, str):
        return to_bytes(a) < to_bytes(b)
    if isinstance(a, bool) or not isinstance(a, int | float) or not isinstance(b, int | float):
        raise CallError("invalid type for comparison")
    return a < b
