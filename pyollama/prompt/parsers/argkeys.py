"""Calls in GLM's notation, which Laguna has too: a name, then keys and values in turn.

    NAME<arg_key>city</arg_key><arg_value>Paris</arg_value>

It is meant to be XML in which only these four tags count. Models forget tags, so a call that is not
well-formed gets those that are missing.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from pyollama.prompt.parsers.base import AnswerError, Tool
from pyollama.prompt.parsers.machine import SPACE
from pyollama.prompt.parsers.values import parameters_of, tool_named, typed_value, types_of

__all__ = ["read_call"]

KEY, KEY_END, VALUE, VALUE_END = CYCLE = (
    *("<arg_key>", "</arg_key>"),
    *("<arg_value>", "</arg_value>"),
)
TAG = re.compile("|".join(CYCLE))
ENDS = {KEY: KEY_END, VALUE: VALUE_END}


class Malformed(Exception):
    """The tags do not nest."""


def read_call(
    body: str,
    tools: Sequence[Tool],
    *,
    repair: bool = True,
    renamed: Mapping[str, str] = MappingProxyType({}),
) -> tuple[str, dict[str, Any]]:
    """The name and the arguments of a call, typed as the tool declares them.

    renamed: what tools are called that the model knows by another name
    Raises AnswerError.
    """
    try:
        name, keys, values = elements(body)
    except Malformed:
        if not repair:
            raise AnswerError("the tags of its arguments are not closed") from None
        name, keys, values = elements(repaired(body))
    name = renamed.get(name.strip(SPACE), name.strip(SPACE))
    if not name:
        raise AnswerError("empty function name")
    if len(keys) != len(values):
        counts = f"{len(keys)} keys, {len(values)} values"
        raise AnswerError(f"mismatched arg_key and arg_value counts: {counts}")
    declared = parameters_of(tool_named(tools, name))
    names = [key.strip(SPACE) for key in keys]
    return name, {
        key: typed_value(value, types_of(declared.get(key)))
        for key, value in zip(names, values, strict=True)
    }


def elements(body: str) -> tuple[str, list[str], list[str]]:
    """The text outside of all tags, the keys, and the values. Raises Malformed.

    Of a key or a value only the text counts that is in no other tag inside of it.
    """
    texts: list[str] = []  # outside of all tags
    inside: list[str] = []  # an outermost tag
    found: dict[str, list[str]] = {KEY: [], VALUE: []}
    due: list[str] = []  # closing tags
    for text, tag in pieces(body):
        if len(due) < 2:
            (inside if due else texts).append(text)
        if tag in ENDS:
            due.append(ENDS[tag])
        elif tag and (not due or due.pop() != tag):
            raise Malformed
        elif tag and not due:
            found[KEY if tag == KEY_END else VALUE].append("".join(inside))
            inside = []
    if due:
        raise Malformed
    return "".join(texts), found[KEY], found[VALUE]


def repaired(body: str) -> str:
    """A body with the tags put in that are missing from the cycle of four.

    An opening tag goes before the text that needs it, a closing one behind. A first key whose
    tag is missing begins after the first white space.
    """
    out: list[str] = []
    phase = 0  # of the cycle: the tag that is due
    for index, (text, tag) in enumerate(pieces(body)):
        if index == 0:
            name, text = (text, "") if tag == KEY else _cut(text)
            out.append(name)
        if phase % 2 == 0 and text.strip(SPACE):
            out.append(CYCLE[phase])
            phase += 1
        out.append(text)
        while (phase and not tag) or (tag and CYCLE[phase] != tag):
            out.append(CYCLE[phase])
            phase = (phase + 1) % 4
        if tag:
            out.append(tag)
            phase = (phase + 1) % 4
    return "".join(out)


def _cut(text: str) -> tuple[str, str]:
    """A text in two, at the first white space inside of it."""
    text = text.lstrip(SPACE)
    name = text.split(maxsplit=1)[0] if text else ""
    return name, text[len(name) :]


def pieces(body: str) -> Iterator[tuple[str, str]]:
    """Each tag with the text before it; at last the text after all, with ""."""
    begin = 0
    for match in TAG.finditer(body):
        yield body[begin : match.start()], match[0]
        begin = match.end()
    yield body[begin:], ""
