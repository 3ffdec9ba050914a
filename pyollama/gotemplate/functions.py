"""The functions that a template may call: a closed table, and the only way from names to code.

``and`` and ``or`` are in it for their names and arities; the evaluator runs them, since they do not
look at their later arguments if an earlier one decides.
"""

import urllib.parse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from pyollama.gotemplate.comparing import CallError, equal_any, less
from pyollama.gotemplate.limits import Budget
from pyollama.gotemplate.printing import compact_json, printed
from pyollama.gotemplate.sprintf import sprint, sprintf, sprintln
from pyollama.gotemplate.values import (
    NO_VALUE,
    NamedList,
    Struct,
    Value,
    from_bytes,
    is_true,
    to_bytes,
    type_name,
)

__all__ = ["FUNCTIONS", "GoFunction"]

HTML = str.maketrans(
    {'"': "&#34;", "'": "&#39;", "&": "&amp;", "<": "&lt;", ">": "&gt;", "\0": "\ufffd"}
)
JS = {"\\": "\\\\", "'": "\\'", '"': '\\"', "<": "\\u003C", ">": "\\u003E", "&": "\\u0026"}
JS |= {"=": "\\u003D"}

Arguments = Sequence[Value]


@dataclass(frozen=True)
class GoFunction:
    """A function.

    run: what it does; raises CallError for arguments that it cannot take
    least: how many arguments it takes, or at least takes if it is variadic
    texts: how many of the first arguments have to be strings; -1 for all
    custom: whether it is Ollama's, and not one of text/template's own
    """

    run: Callable[[Arguments, Budget], Value]
    least: int
    variadic: bool = False
    texts: int = 0
    custom: bool = False


def length(arguments: Arguments, budget: Budget) -> int:
    """Bytes of a string, items of a list or map."""
    item = arguments[0]
    if isinstance(item, str):
        budget.spend(len(item))
        return len(to_bytes(item))
    if isinstance(item, list | dict | bytes):
        return len(item)
    if item is None or item is NO_VALUE:
        raise CallError("len of nil pointer")
    raise CallError(f"len of type {type_name(item)}")


def position(index: Value, largest: int) -> int:
    """An index that is an integer from 0 to largest."""
    if isinstance(index, bool) or not isinstance(index, int):
        if index is None or index is NO_VALUE:
            raise CallError("cannot index slice/array with nil")
        raise CallError(f"cannot index slice/array with type {type_name(index)}")
    if not 0 <= index <= largest:
        raise CallError(f"index out of range: {index}")
    return index


def element(arguments: Arguments, budget: Budget) -> Value:
    """index: the item of a list or map, the item of that, and so on."""
    item = arguments[0]
    if item is None or item is NO_VALUE:
        raise CallError("index of untyped nil")
    for index in arguments[1:]:
        item = element_at(item, index, budget)
    return item


def element_at(item: Value, index: Value, budget: Budget) -> Value:
    """One step of index: what a map does not have is nil."""
    if isinstance(item, dict):
        if not isinstance(index, str):
            found = "nil" if index is None or index is NO_VALUE else type_name(index)
            raise CallError(f"value has type {found}; should be string")
        return item.get(index)
    if isinstance(item, str):
        budget.spend(len(item))
        item = to_bytes(item)
        name = "string"
    else:
        name = "slice"
    if not isinstance(item, list | bytes):
        if item is None:
            raise CallError("index of nil pointer")
        raise CallError(f"can't index item of type {type_name(item)}")
    at = position(index, len(item))
    if at == len(item):
        raise CallError(f"reflect: {name} index out of range")
    return item[at]


def cut(arguments: Arguments, budget: Budget) -> Value:
    """slice: a part of a list, or of a string by its bytes."""
    item, indices = arguments[0], arguments[1:]
    if item is None or item is NO_VALUE:
        raise CallError("slice of untyped nil")
    if len(indices) > 3:
        raise CallError(f"too many slice indexes: {len(indices)}")
    if isinstance(item, str) and len(indices) == 3:
        raise CallError("cannot 3-index slice a string")
    if not isinstance(item, str | list | bytes):
        raise CallError(f"can't slice item of type {type_name(item)}")
    budget.spend(len(item))
    data = to_bytes(item) if isinstance(item, str) else item
    places = [position(index, len(data)) for index in indices]
    for before, after in pairwise(places):
        if before > after:
            raise CallError(f"invalid slice index: {before} > {after}")
    start, end = [*places[:2], *(0, len(data))[len(places[:2]) :]]
    part = data[start:end]
    if isinstance(part, bytes):
        return from_bytes(part) if isinstance(item, str) else part
    return like(item, part)


def like(original: Value, part: list[Value]) -> Value:
    """Part of a list, of the same type as the whole."""
    if isinstance(original, NamedList):
        return NamedList(part, original.type_name)
    return part


def joined(arguments: Arguments, budget: Budget) -> str:
    """The text of the arguments, as print writes it."""
    budget.spend(sum(len(each) for each in arguments if isinstance(each, str)))
    text = sprint(arguments)
    budget.spend(len(text))
    return text


def lines(arguments: Arguments, budget: Budget) -> str:
    """println"""
    budget.spend(sum(len(each) for each in arguments if isinstance(each, str)))
    text = sprintln(arguments)
    budget.spend(len(text))
    return text


def form(arguments: Arguments, budget: Budget) -> str:
    """printf"""
    return sprintf(str(arguments[0]), arguments[1:], budget)


def escaped_html(arguments: Arguments, budget: Budget) -> str:
    """Text that is safe inside HTML."""
    return joined(arguments, budget).translate(HTML)


def escaped_js(arguments: Arguments, budget: Budget) -> str:
    """Text that is safe inside a string of JavaScript."""
    return "".join(map(js_character, joined(arguments, budget)))


def js_character(char: str) -> str:
    """One character of it."""
    if char in JS:
        return JS[char]
    return f"\\u{ord(char):04X}" if char < " " or not char.isprintable() else char


def escaped_url(arguments: Arguments, budget: Budget) -> str:
    """Text that is safe inside the query of a URL."""
    return urllib.parse.quote_plus(to_bytes(joined(arguments, budget)))


def as_json(arguments: Arguments, budget: Budget) -> str:
    """Compact JSON; nothing for what JSON cannot hold."""
    if isinstance(arguments[0], str):
        budget.spend(len(arguments[0]))
    try:
        text = compact_json(arguments[0])
    except ValueError:
        return ""
    budget.spend(len(text))
    return text


def call(arguments: Arguments, budget: Budget) -> Value:
    """The data holds no functions, so there is nothing that it could call."""
    if arguments[0] is None or arguments[0] is NO_VALUE:
        raise CallError("call of nil")
    raise CallError(f"non-function {printed(arguments[0])} of type {type_name(arguments[0])}")


def type_script(arguments: Arguments, budget: Budget) -> Value:
    """The type of a tool's property in TypeScript."""
    item = arguments[0]
    methods = item.methods if isinstance(item, Struct) else {}
    return methods.get("ToTypeScriptType", "any")


def nothing(arguments: Arguments, budget: Budget) -> Value:
    """and, or: run by the evaluator."""
    return arguments[-1]


BUILTINS = {
    "and": GoFunction(nothing, 1, variadic=True),
    "or": GoFunction(nothing, 1, variadic=True),
    "not": GoFunction(lambda a, _: not is_true(a[0]), 1),
    "eq": GoFunction(lambda a, _: equal_any(a[0], a[1:]), 1, variadic=True),
    "ne": GoFunction(lambda a, _: not equal_any(a[0], a[1:]), 2),
    "lt": GoFunction(lambda a, _: less(a[0], a[1]), 2),
    "le": GoFunction(lambda a, _: less(a[0], a[1]) or equal_any(a[0], a[1:]), 2),
    "gt": GoFunction(lambda a, _: not (less(a[0], a[1]) or equal_any(a[0], a[1:])), 2),
    "ge": GoFunction(lambda a, _: not less(a[0], a[1]), 2),
    "len": GoFunction(length, 1),
    "index": GoFunction(element, 1, variadic=True),
    "slice": GoFunction(cut, 1, variadic=True),
    "print": GoFunction(joined, 0, variadic=True),
    "printf": GoFunction(form, 1, variadic=True, texts=1),
    "println": GoFunction(lines, 0, variadic=True),
    "html": GoFunction(escaped_html, 0, variadic=True),
    "js": GoFunction(escaped_js, 0, variadic=True),
    "urlquery": GoFunction(escaped_url, 0, variadic=True),
    "call": GoFunction(call, 1, variadic=True),
}

CUSTOM = {
    "json": GoFunction(as_json, 1, custom=True),
    "currentDate": GoFunction(
        lambda _, __: date.today().isoformat(), 0, variadic=True, texts=-1, custom=True
    ),
    "yesterdayDate": GoFunction(
        lambda _, __: (date.today() - timedelta(days=1)).isoformat(),
        0,
        variadic=True,
        texts=-1,
        custom=True,
    ),
    "toTypeScriptType": GoFunction(type_script, 1, custom=True),
}

FUNCTIONS = BUILTINS | CUSTOM
