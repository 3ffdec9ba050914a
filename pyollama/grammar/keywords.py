"""Reading the keywords of a schema: lists, members, counts and bounds, however they are written."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from math import ceil, floor
from typing import Any

from pyollama.grammar.errors import SchemaError
from pyollama.grammar.refs import shown

INT64 = 2**63 - 1
RANGE_KEYWORDS = ("minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum")

Schema = Mapping[str, Any]


def unrecognized(schema: Any) -> SchemaError:
    """The error for a part of a schema that says nothing known."""
    return SchemaError(f"Unrecognized schema: {shown(schema)}")


def members_of(value: Any) -> list[Any]:
    """What a list holds; a value that should have been a list is taken for its only member."""
    if value is None:
        return []
    if isinstance(value, Mapping):
        return list(value.values())
    return value if isinstance(value, list) else [value]


def items_of(value: Any) -> Iterable[tuple[str, Any]]:
    """Names and values of an object; what should have been one is taken for a nameless member."""
    if isinstance(value, Mapping):
        return value.items()
    if isinstance(value, list):
        return [(str(place), member) for place, member in enumerate(value)]
    return [] if value is None else [("", value)]


def components(parts: list[Any]) -> Iterator[tuple[Any, bool]]:
    """The parts of an allOf, and whether the properties of each are required."""
    for part in parts:
        if isinstance(part, Mapping) and "anyOf" in part:
            yield from ((option, False) for option in members_of(part["anyOf"]))
        else:
            yield part, True


def shared(lists: list[list[Any]]) -> list[Any]:
    """The values that all lists have, in the first one's order."""
    others = [{shown(value) for value in values} for values in lists[1:]]
    return [value for value in lists[0] if all(shown(value) in other for other in others)]


def count_of(schema: Schema, keyword: str) -> int | None:
    """A number of items or characters, None where the schema does not say."""
    value = schema.get(keyword)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise unrecognized(schema)
    return max(0, _whole(value, floor))


def bounds_of(schema: Schema) -> tuple[int | None, int | None]:
    """The least and the largest integer that a schema admits, None where nothing is said."""
    least, above, most, below = (_number(schema, keyword) for keyword in RANGE_KEYWORDS)
    lows = [_whole(least, ceil)] if least is not None else []
    highs = [_whole(most, floor)] if most is not None else []
    lows += [_whole(above, floor) + 1] if above is not None else []
    highs += [_whole(below, ceil) - 1] if below is not None else []
    return max(lows, default=None), min(highs, default=None)


def _number(schema: Schema, keyword: str) -> int | float | None:
    """A bound. `true`, in old schemas, says that the other keyword's bound is left out itself."""
    value = schema.get(keyword)
    if value is True and keyword.startswith("exclusive"):
        return _number(schema, keyword.removeprefix("exclusive").lower())
    if value is None or value is False:
        return None
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise unrecognized(schema)
    return value


def _whole(number: int | float, rounded: Callable[[float], int]) -> int:
    """A number as an integer of 64 bits: what lies beyond is the nearest one."""
    return rounded(min(max(number, -INT64), INT64))
