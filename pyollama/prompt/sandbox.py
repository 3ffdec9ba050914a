"""Jinja for templates of strangers: what they may name, and what they pay for.

A template comes with a model from anywhere. Jinja's own sandbox keeps it from Python's attributes
and from changing what it is given; yet three nested loops, a macro that calls itself twice or
``s ~ s`` in a loop would take all time or all memory. Here each step of a loop, each call, filter
and operator is paid for out of a budget, before it is done. Where Jinja has no hook for that, the
syntax tree is changed before it is compiled: see `Toll`.

Methods of plain values are those on a short list, and filters those of `filters`: others could make
much of little in ways of their own (``(1).to_bytes(10**9)``).
"""

from collections.abc import Callable, Iterable
from typing import Any

from jinja2 import nodes, pass_context
from jinja2.ext import Extension, loopcontrols
from jinja2.filters import _GroupTuple
from jinja2.parser import Parser
from jinja2.runtime import Context, Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Namespace
from jinja2.visitor import NodeTransformer

from pyollama.prompt.budget import Items, printed, size, spend
from pyollama.prompt.filters import FILTERS, TESTS
from pyollama.prompt.formatting import formatter_of
from pyollama.prompt.prices import price_of_method, price_of_operator

__all__ = ["Sandbox"]

TEXT_METHODS = (
    "capitalize casefold center count endswith find format index isalnum isalpha isascii "
    "isdecimal isdigit isidentifier islower isnumeric isprintable isspace istitle isupper join "
    "ljust lower lstrip partition removeprefix removesuffix replace rfind rindex rjust rpartition "
    "rsplit rstrip split splitlines startswith strip swapcase title upper zfill"
)
METHODS: dict[type, str] = {
    str: TEXT_METHODS,
    dict: "copy get items keys values",
    list: "copy count index",
    _GroupTuple: "count grouper index list",
    tuple: "count index",
    float: "is_integer",
    **dict.fromkeys((bytes, int, range, Items), ""),
}

TOLL = "toll of a step"  # names of filters that no template can spell
MADE = "toll of a container"
JOINED = "joined"


class OpaqueNamespace(Namespace):
    """A namespace that does not print what it holds, which may be other namespaces."""

    def __repr__(self) -> str:
        return "<Namespace>"


class Generation(Extension):
    """``{% generation %}``, with which templates mark what a model has learned to write.

    The mark is for those who train it; a prompt has the text and no more.
    """

    tags = {"generation"}  # noqa: RUF012  (so says Jinja)

    def parse(self, parser: Parser) -> nodes.Node:
        """The statements up to ``{% endgeneration %}``, in a scope of their own."""
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        return nodes.Scope(body, lineno=line)


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
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=[loopcontrols, Generation],
            finalize=_put_out,
        )
        self.filters = {**FILTERS, TOLL: _toll, MADE: _made, JOINED: _joined}
        self.tests = dict(TESTS)
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

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        """The method ``format`` of a text, in a form that pays; None for anything else."""
        text = getattr(value, "__self__", None)
        if isinstance(text, str) and value.__name__ == "format":
            return formatter_of(self, text)
        return None

    def getitem(self, obj: Any, argument: Any) -> Any:
        """An item; an unusual key is charged for, since a complaint would print it."""
        if not isinstance(argument, str | int):
            spend(printed(argument))
        return super().getitem(obj, argument)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Charge for what an operator makes, and refuse huge integers."""
        spend(price_of_operator(operator, left, right))
        result = super().call_binop(context, operator, left, right)
        size(result)
        return result

    def call(self, context: Context, method: Any, *args: Any, **kwargs: Any) -> Any:
        """Charge for a call and for what it makes."""
        owner = getattr(method, "__self__", None)
        values = [*args, *kwargs.values()]
        spend(price_of_method(owner, method.__name__, values) if isinstance(owner, str) else 1)
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


def _takes_any(macro: Macro) -> bool:
    """Whether the macro makes a tuple or a dict of the arguments that it does not name."""
    return bool(macro.catch_varargs or macro.catch_kwargs)
