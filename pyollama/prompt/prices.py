"""What operators, methods and filters cost, when that is more than the length of what they get.

Prices are told before the work is done, in the units of `budget`.
"""

from collections.abc import Sized
from typing import Any

from jinja2 import TemplateError

from pyollama.prompt.budget import ITEM, printed, size
from pyollama.prompt.formatting import price_of_percent

__all__ = ["check_integer", "price_of_filter", "price_of_method", "price_of_operator", "wide"]

MAX_BITS = 4096  # of an integer that arithmetic is done with
WIDENING = ("center", "ljust", "rjust", "zfill")  # methods whose first argument is a width


def price_of_method(text: str, name: str, values: list[Any]) -> int:
    """What a method of a text takes: about its length, unless its arguments make it more."""
    if name in ("startswith", "endswith"):
        return 1
    if name in WIDENING:
        return len(text) + sum(wide(value) for value in values[:1])
    if name == "join":
        return printed(values) + len(text) * sum(size(value).items for value in values)
    words = [value for value in values if isinstance(value, str)]
    longest = max(map(len, words), default=0)
    price = len(text) * (1 + longest // 64) + 1  # some searches compare all of it at each place
    if name == "replace" and len(words) > 1:
        return price + text.count(words[0]) * len(words[1])
    if name in ("split", "rsplit", "splitlines"):
        n_parts = text.count(words[0]) if longest else len(text) // 2
        return price + 8 * n_parts
    return price


def price_of_filter(name: str, values: list[Any]) -> int:
    """What the filters whose arguments multiply their work take, beside the length of those."""
    if name == "join":
        n_items = len(values[0]) if isinstance(values[0], Sized) else printed(values[0])
        return n_items * printed(values[1:])
    if name in ("replace", "trim"):
        text, *others = map(str, values)
        return price_of_method(text, name, others)
    return 0


def price_of_operator(operator: str, left: Any, right: Any) -> int:
    """How many units the result of an operator is; TemplateError for huge integers."""
    if isinstance(left, int) and isinstance(right, int):
        if _bits(operator, left, right) > MAX_BITS:
            raise TemplateError(f"the result of {operator} is too large")
    elif operator == "%" and isinstance(left, str):
        return price_of_percent(left, right)
    elif operator == "+":
        return _length(left) + _length(right)
    elif operator == "*":
        for value, times in ((left, right), (right, left)):
            if isinstance(value, Sized) and isinstance(times, int):
                unit = 1 if isinstance(value, str) else ITEM
                return 1 + unit * len(value) * max(times, 0)
    return 1


def check_integer(value: Any) -> None:
    """TemplateError for integers whose division or remainder would take seconds."""
    if isinstance(value, int) and value.bit_length() > MAX_BITS:
        raise TemplateError("the integer is too large")


def wide(width: Any) -> int:
    """The characters or items that a width may add; TemplateError if it is not an integer."""
    if not isinstance(width, int):
        raise TemplateError("a width must be an integer")
    return max(width, 0)


def _length(value: Any) -> int:
    """The characters or items that a copy of a value has."""
    return len(value) if isinstance(value, Sized) else 1


def _bits(operator: str, left: int, right: int) -> int:
    """About how many bits an operation on integers is about."""
    if operator == "**":
        return max(left.bit_length(), 1) * max(right, 1)
    return left.bit_length() + right.bit_length()
