"""Jinja's filters and tests for templates of strangers: which there are, and what they pay.

They give what Jinja's own give, or an error. Left out are those that no chat template uses and
that would need a bound of their own: ``wordwrap``, ``pprint``, ``urlize``, ``xmlattr``,
``striptags``, ``forceescape``, ``filesizeformat``, ``attr``; and ``random``, since one conversation
must give one prompt.
"""

import functools
from collections.abc import Callable, Iterable, Iterator
from types import GeneratorType
from typing import Any, cast

from jinja2 import TemplateError, pass_context, pass_environment
from jinja2.environment import Environment
from jinja2.filters import FILTERS as JINJA_FILTERS
from jinja2.filters import do_round, do_truncate, make_attrgetter, sync_do_slice
from jinja2.runtime import Context
from jinja2.sandbox import SandboxedEnvironment
from jinja2.tests import TESTS as JINJA_TESTS

from pyollama.prompt.budget import ITEM, Items, printed, size, spend
from pyollama.prompt.formatting import price_of_percent
from pyollama.prompt.prices import check_integer, price_of_filter, wide

__all__ = ["FILTERS", "TESTS"]

# Filters that pass on what they get, and those that print or compare it.
PASSING = "count d default first items last length list map reject rejectattr select selectattr"
PRINTING = (
    "abs capitalize dictsort e escape float groupby int join lower max min replace reverse safe "
    "sort string title trim unique upper"
)
MAX_PRECISION = 300  # decimal digits that a number is rounded to, before or behind the point
ESCAPED = 12  # characters that one of a URL may become


def batch(value: Iterable[Any], linecount: int, fill_with: Any = None) -> Iterator[list[Any]]:
    """Lists of so many items each."""
    spend(0 if fill_with is None else ITEM * wide(linecount))
    return cast("Iterator[list[Any]]", JINJA_FILTERS["batch"](value, linecount, fill_with))


def slices(value: Iterable[Any], n_slices: int, fill_with: Any = None) -> Iterator[list[Any]]:
    """So many lists of about as many items each."""
    spend(ITEM * wide(n_slices))
    return sync_do_slice(list(value), n_slices, fill_with)


def center(value: Any, width: int = 80) -> str:
    """Text in the middle of so many blanks."""
    spend(wide(width))
    return str(JINJA_FILTERS["center"](value, width))


def format_percent(value: Any, *args: Any, **kwargs: Any) -> str:
    """The operator ``%`` as a filter."""
    spend(price_of_percent(str(value), kwargs or args))
    return str(JINJA_FILTERS["format"](value, *args, **kwargs))


def indent(value: str, width: Any = 4, first: bool = False, blank: bool = False) -> str:
    """Text whose lines begin with blanks, or with the text that is given in their place."""
    spend(8 * len(value))  # cut into lines
    n_lines = 1 + len(value.splitlines())
    spend(n_lines * (len(width) if isinstance(width, str) else wide(width)))
    return str(JINJA_FILTERS["indent"](value, width, first, blank))


def round_number(value: Any, precision: int = 0, method: Any = "common") -> float:
    """A number rounded, up or down where the method says so."""
    if not isinstance(value, int | float):
        raise TemplateError("only numbers can be rounded")
    if not isinstance(precision, int) or abs(precision) > MAX_PRECISION:
        raise TemplateError(f"the precision must be within {-MAX_PRECISION} to {MAX_PRECISION}")
    return do_round(value, precision, method)


@pass_context
def add_up(context: Context, iterable: Iterable[Any], attribute: Any = None, start: Any = 0) -> Any:
    """The sum of the items, or of an attribute of theirs, by the operator ``+``."""
    environment = cast(SandboxedEnvironment, context.environment)
    if isinstance(start, str):
        raise TemplateError("text is joined, not summed up")
    pick = make_attrgetter(environment, attribute)
    total = start
    for item in iterable:
        value = item if attribute is None else pick(item)
        total = environment.call_binop(context, "+", total, value)
    return total


@pass_environment
def truncate(
    environment: Environment,
    text: str,
    length: int = 255,
    killwords: bool = False,
    end: str = "...",
    leeway: int | None = None,
) -> str:
    """The start of a long text, cut between words."""
    if wide(length) < len(end) or wide(leeway or 0) != (leeway or 0):
        raise TemplateError("truncate: the length must have room for the end")
    return do_truncate(environment, text, length, killwords, end, leeway)


def url_encoded(value: Any) -> str:
    """Text, or the pairs of a query, as they stand in a URL."""
    spend((ESCAPED - 1) * printed(value))
    return str(JINJA_FILTERS["urlencode"](value))


def count_words(text: str) -> int:
    """The number of words."""
    spend(8 * len(text))  # all of them are held at once
    return int(JINJA_FILTERS["wordcount"](text))


OWN: dict[str, Callable[..., Any]] = {
    "batch": batch,
    "center": center,
    "format": format_percent,
    "indent": indent,
    "round": round_number,
    "slice": slices,
    "sum": add_up,
    "truncate": truncate,
    "urlencode": url_encoded,
    "wordcount": count_words,
}


def _charged(
    name: str, function: Callable[..., Any], measure: Callable[[Any], int]
) -> Callable[..., Any]:
    """The filter, which pays for its operands by that measure, and for what it gives."""
    first = 1 if hasattr(function, "jinja_pass_arg") else 0  # after Jinja's own argument

    @functools.wraps(function)
    def charged(*args: Any, **kwargs: Any) -> Any:
        values = [*args[first:], *kwargs.values()]
        spend(1 + sum(map(measure, values)))
        spend(price_of_filter(name, values))
        result = function(*args, **kwargs)
        if isinstance(result, GeneratorType):
            result = Items(list(map(_stepped, result)))
        check_integer(result)
        size(result)
        return result

    return charged


def _stepped(item: Any) -> Any:
    """Charge for an item that a generator has given."""
    spend(1)
    return item


def _text_length(value: Any) -> int:
    """The characters that a filter may take a text apart into."""
    return len(value) if isinstance(value, str) else 0


def _printing(test: Callable[..., Any]) -> Callable[..., Any]:
    """A test that prints its operand, which pays for that."""

    @functools.wraps(test)
    def charged(value: Any) -> Any:
        spend(printed(value))
        return test(value)

    return charged


FILTERS: dict[str, Callable[..., Any]] = {
    **{name: _charged(name, JINJA_FILTERS[name], _text_length) for name in PASSING.split()},
    **{name: _charged(name, JINJA_FILTERS[name], printed) for name in PRINTING.split()},
    **{name: _charged(name, function, printed) for name, function in OWN.items()},
}
TESTS: dict[str, Callable[..., Any]] = {
    **{name: cast("Callable[..., Any]", test) for name, test in JINJA_TESTS.items()},
    **{
        name: _printing(cast("Callable[..., Any]", JINJA_TESTS[name]))
        for name in ("lower", "upper")
    },
}
