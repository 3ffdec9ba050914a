"""Jinja for templates of strangers: what they may name, and what they pay for.

A template comes with a model from anywhere. Jinja's own sandbox keeps it from Python's attributes
and from changing what it is given; yet three nested loops, a macro that calls itself twice or
``s ~ s`` in a loop would take all time or all memory. Here each step of a loop, each call, filter
and operator is paid for out of a budget, before it is done. Where Jinja has no hook for that, the
syntax tree is changed before it is compiled: see `Toll`.

Filters and methods are those on two short lists, which are what chat templates use; others could
make much of little in ways of their own (``|center(10**9)``, ``(1).to_bytes(10**9)``).
"""

import functools
from collections.abc import Callable, Iterable, Sized
from types import GeneratorType
from typing import Any

from jinja2 import TemplateError, nodes, pass_context
from jinja2.ext import loopcontrols
from jinja2.runtime import Context, Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Namespace
from jinja2.visitor import NodeTransformer

from pyollama.prompt.budget import ITEM, Items, printed, size, spend

__all__ = ["Sandbox"]

MAX_BITS = 4096  # of an integer that arithmetic is done with

# Filters that pass on what they get, and those that print or compare it.
PASSING = "count d default first items last length list map reject rejectattr select selectattr"
PRINTING = (
    "abs capitalize dictsort e escape float int join lower max min replace reverse safe "
    "sort string title trim unique upper"
)
UNTRIED = ("lower", "upper")  # tests that print their operand, which no template uses
TEXT_METHODS = (
    "capitalize casefold count endswith find index isalnum isalpha isascii isdecimal isdigit "
    "isidentifier islower isnumeric isprintable isspace istitle isupper join lower lstrip "
    "partition removeprefix removesuffix replace rfind rindex rpartition rsplit rstrip split "
    "splitlines startswith strip swapcase title upper"
)
METHODS: dict[type, str] = {
    str: TEXT_METHODS,
    dict: "copy get items keys values",
    list: "copy count index",
    tuple: "count index",
    **dict.fromkeys((bytes, int, float, range, Items), ""),
}

TOLL = "toll of a step"  # names of filters that no template can spell
MADE = "toll of a container"
JOINED = "joined"


class OpaqueNamespace(Namespace):
    """A namespace that does not print what it holds, which may be other namespaces."""

    def __repr__(self) -> str:
        return "<Namespace>"


class Toll(NodeTransformer):
    """Puts a filter that charges on what Jinja would compile to plain Python."""

    def visit(self, node: nodes.Node, *args: Any, **kwargs: Any) -> nodes.Node:
        """The node with its tolls; its children first."""
        node = self.generic_visit(node, *args, **kwargs)
        match node:
            case nodes.For():  # each step, and each item that its condition looks at
                step = nodes.ExprStmt(_filtered(nodes.Const(None), TOLL))
                node.body.insert(0, step.set_lineno(node.lineno))
                node.test = _filtered(node.test, TOLL) if node.test else None
            case nodes.Compare():
                node.expr = _filtered(node.expr, TOLL)
            case nodes.Concat():  # the operator ~
                return _filtered(nodes.List(node.nodes, lineno=node.lineno), JOINED)
            case nodes.List() | nodes.Dict():
                return _filtered(node, MADE)
            case nodes.Tuple(ctx="load") | nodes.Getitem(arg=nodes.Slice()):  # not targets of set
                return _filtered(node, MADE)
        return node


def _filtered(node: Any, name: str) -> nodes.Filter:
    """The expression with a filter on it."""
    return nodes.Filter(node, name, [], [], None, None, lineno=node.lineno)


class Sandbox(ImmutableSandboxedEnvironment):
    """Jinja's sandbox with a budget; use it inside `budget.budgeted`."""

    intercepted_binops = frozenset(["+", "-", "*", "/", "//", "%", "**"])

    def __init__(self) -> None:
        super().__init__(
            trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols], finalize=_put_out
        )
        passing, printing = PASSING.split(), PRINTING.split()
        self.filters = {
            **{name: _charged(name, self.filters[name]) for name in passing},
            **{name: _charged(name, self.filters[name], printed) for name in printing},
            TOLL: _toll,
            MADE: _made,
            JOINED: _joined,
        }
        self.tests = {name: test for name, test in self.tests.items() if name not in UNTRIED}
        for name in ("lipsum", "cycler", "joiner"):
            del self.globals[name]
        self.globals["namespace"] = OpaqueNamespace

    def _generate(self, source: nodes.Template, *args: Any, **kwargs: Any) -> str:
        """Jinja's hook between the syntax tree and its Python."""
        Toll().generic_visit(source)
        return super()._generate(source, *args, **kwargs)

    @staticmethod
    def concat(pieces: Iterable[str]) -> str:
        """Join what a macro or a block has put out."""
        pieces = list(pieces)
        spend(sum(map(len, pieces)))
        return "".join(pieces)

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Of Python's own types, only the methods on the list."""
        for kind, names in METHODS.items():
            if isinstance(obj, kind):
                return attr in names.split() and super().is_safe_attribute(obj, attr, value)
        return super().is_safe_attribute(obj, attr, value)

    def wrap_str_format(self, value: Any) -> None:
        """Text is not formatted: the format may ask for any width."""

    def getitem(self, obj: Any, argument: Any) -> Any:
        """An item; an unusual key is charged for, since a complaint would print it."""
        if not isinstance(argument, str | int):
            spend(printed(argument))
        return super().getitem(obj, argument)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Charge for what an operator makes, and refuse huge integers."""
        spend(_size_of_result(operator, left, right))
        result = super().call_binop(context, operator, left, right)
        size(result)
        return result

    def call(self, context: Context, method: Any, *args: Any, **kwargs: Any) -> Any:
        """Charge for a call and for what it makes."""
        owner = getattr(method, "__self__", None)
        values = [*args, *kwargs.values()]
        spend(_price(owner, method.__name__, values) if isinstance(owner, str) else 1)
        if method is dict or (isinstance(method, Macro) and _takes_any(method)):
            size(values)
        result = super().call(context, method, *args, **kwargs)
        size(result)
        return result


@pass_context  # which keeps Jinja from working it out once, when it compiles
def _toll(context: Context, value: Any) -> Any:
    """Charge for a step."""
    spend(1)
    return value


def _made(value: Any) -> Any:
    """Charge for a container, or for a part of a text."""
    spend(len(value))
    size(value)
    return value


def _joined(values: list[Any]) -> str:
    """The operator ``~``."""
    spend(printed(values))
    return "".join(map(str, values))


def _put_out(value: Any) -> Any:
    """Charge for the text of an expression that is printed."""
    spend(printed(value))
    return value


def _charged(
    name: str, function: Callable[..., Any], measure: Callable[[Any], int] | None = None
) -> Callable[..., Any]:
    """The filter, which pays for its operands by that measure, and for what it gives."""
    first = 1 if hasattr(function, "jinja_pass_arg") else 0  # after Jinja's own argument

    @functools.wraps(function)
    def charged(*args: Any, **kwargs: Any) -> Any:
        values = [*args[first:], *kwargs.values()]
        spend(1 + sum(map(measure or _text_length, values)))
        if name in ("join", "replace", "trim"):
            spend(_multiplied(name, values))
        result = function(*args, **kwargs)
        if isinstance(result, GeneratorType):
            result = Items(list(map(_stepped, result)))
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


def _multiplied(name: str, values: list[Any]) -> int:
    """What the filters whose arguments multiply their work take."""
    if name == "join":
        n_items = len(values[0]) if isinstance(values[0], Sized) else printed(values[0])
        return n_items * printed(values[1:])
    text, *others = map(str, values)
    return _price(text, name, others)


def _price(text: str, name: str, values: list[Any]) -> int:
    """What a method of a text takes: about its length, unless its arguments make it more."""
    if name in ("startswith", "endswith"):
        return 1
    if name == "join":
        return printed(values) + len(text) * sum(len(v) for v in values if isinstance(v, Sized))
    words = [value for value in values if isinstance(value, str)]
    longest = max(map(len, words), default=0)
    price = len(text) * (1 + longest // 64) + 1  # some searches compare all of it at each place
    if name == "replace" and len(words) > 1:
        return price + text.count(words[0]) * len(words[1])
    if name in ("split", "rsplit", "splitlines"):
        n_parts = text.count(words[0]) if longest else len(text) // 2
        return price + 8 * n_parts
    return price


def _size_of_result(operator: str, left: Any, right: Any) -> int:
    """How many units the result of an operator is; TemplateError for huge integers."""
    if isinstance(left, int) and isinstance(right, int):
        if _bits(operator, left, right) > MAX_BITS:
            raise TemplateError(f"the result of {operator} is too large")
    elif operator == "%" and isinstance(left, str):
        raise TemplateError("text cannot be formatted with %")
    elif operator == "+":
        return _length(left) + _length(right)
    elif operator == "*":
        for value, times in ((left, right), (right, left)):
            if isinstance(value, Sized) and isinstance(times, int):
                unit = 1 if isinstance(value, str) else ITEM
                return 1 + unit * len(value) * max(times, 0)
    return 1


def _length(value: Any) -> int:
    """The characters or items that a copy of a value has."""
    return len(value) if isinstance(value, Sized) else 1


def _bits(operator: str, left: int, right: int) -> int:
    """About how many bits an operation on integers is about."""
    if operator == "**":
        return max(left.bit_length(), 1) * max(right, 1)
    return left.bit_length() + right.bit_length()


def _takes_any(macro: Macro) -> bool:
    """Whether the macro makes a tuple or a dict of the arguments that it does not name."""
    return bool(macro.catch_varargs or macro.catch_kwargs)
