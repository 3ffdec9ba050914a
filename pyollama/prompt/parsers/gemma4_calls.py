"""Gemma 4's notation of calls, made JSON, and what models get wrong in it put right.

    call:get_weather{city:<|"|>Paris<|"|>,days:3}

Strings stand between <|"|> and <|"|>, keys are bare. Repairs build on one another: each is tried
on what the one before it has made.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from pyollama.prompt.parsers.base import Tool
from pyollama.prompt.parsers.gojson import JSONError, read_object
from pyollama.prompt.parsers.machine import SPACE
from pyollama.prompt.parsers.values import parameters_of, tool_named, types_of

__all__ = ["CallError", "read_call"]

QUOTE = '<|"|>'
CLOSERS = {"{": "}", "[": "]"}
MAX_REPAIRED = 1 << 16  # characters of a call; each repair reads all of it several times
STRING = r"""<\|"\|>(?P<string>.*?)(?:<\|"\|>|(?P<open>\Z))|"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)"""
"""A string in Gemma's notation or in JSON's; the last one may lack its end."""
JSON = re.compile(rf"{STRING}|(?P<before>[{{,]\s*+)(?P<key>\w++)(?=\s*+:)", re.ASCII | re.DOTALL)
BRACKET = re.compile(rf"{STRING}|(?P<bracket>[{{}}\[\]])", re.DOTALL)
SINGLE = re.compile(
    rf"{STRING}|(?P<before>[:,{{\[]\s*+)'(?P<text>[^']*+)(?:'|(?P<end>\Z))", re.DOTALL
)
FIELD = re.compile(rf'{STRING}|[{{,]\s*+"?(?P<key>\w++)"?\s*+:\s*+', re.DOTALL)


class CallError(ValueError):
    """The text is no call, even with all repairs."""


def read_call(body: str, tools: Sequence[Tool]) -> tuple[str, dict[str, Any]]:
    """The name and the arguments of a call. Raises CallError."""
    begin, brace, rest = body.partition("{")
    name = begin.strip(SPACE)
    if not brace or not name.startswith("call:"):
        raise CallError("it does not begin with call: and a name")
    name = name.removeprefix("call:").strip(SPACE)
    parameters = parameters_of(tool_named(tools, name))
    for candidate in candidates(brace + rest, parameters):
        try:
            return name, read_object(as_json(candidate))
        except JSONError as error:
            problem = error
    raise CallError(str(problem))


def candidates(text: str, parameters: Mapping[str, Any]) -> Iterator[str]:
    """The text, and the text after each repair that changes it; a long one as it is."""
    yield text
    if len(text) > MAX_REPAIRED:
        return
    repairs: list[Callable[[str], str]] = [
        quote_singles,
        close_string,
        close_brackets,
        lambda text: quote_raw(text, parameters),
    ]
    for repair in repairs:
        before, text = text, repair(text)
        if text != before:
            yield text


def as_json(text: str) -> str:
    """Strings and keys in JSON's quotes."""

    def quoted(match: re.Match[str]) -> str:
        if match["key"]:
            return f'{match["before"]}"{match["key"]}"'
        return match[0] if match["string"] is None else json.dumps(match["string"])

    return JSON.sub(quoted, text)


def quote_singles(text: str) -> str:
    """What stands in single quotes, made a string; without its end it goes up to the brackets."""

    def quoted(match: re.Match[str]) -> str:
        if match["text"] is None:
            return match[0]
        begin, end = match.span("text")
        if match["end"] is not None:
            end = before_closers(text, begin)
        return match["before"] + json.dumps(text[begin:end]) + text[end : match.end("text")]

    return SINGLE.sub(quoted, text)


def close_string(text: str) -> str:
    """The end of the last string before the brackets that close, if it has none."""
    for match in BRACKET.finditer(text):
        if match["open"] is not None:
            end = before_closers(text, match.start("string"))
            return text[:end] + QUOTE + text[end:]
    return text


def close_brackets(text: str) -> str:
    """The brackets that are missing at the end."""
    return text + "".join(reversed(due(text)))


def quote_raw(text: str, parameters: Mapping[str, Any]) -> str:
    """Values of declared strings without any quotes, quoted up to the next key that is declared."""
    fields = [match for match in FIELD.finditer(text) if match["key"] in parameters]
    ends = [match.start() for match in fields[1:]] + [text.rfind("}")]
    parts, at = [], 0
    for match, end in zip(fields, ends, strict=False):
        value = text[match.end() : end].strip(SPACE)
        if "string" in types_of(parameters[match["key"]]) and not value.startswith(('"', QUOTE)):
            parts += [text[at : match.end()], json.dumps(value)]
            at = max(end, match.end())
    return "".join(parts) + text[at:]


def due(text: str) -> list[str]:
    """The brackets that would close those which are open at the end, the innermost last."""
    closers: list[str] = []
    for match in BRACKET.finditer(text):
        bracket = match["bracket"]
        if bracket in CLOSERS:
            closers.append(CLOSERS[bracket])
        elif bracket and closers:
            closers.pop()
    return closers


def before_closers(text: str, begin: int) -> int:
    """Where a string that begins at a place ends if only brackets follow that close others."""
    end = len(text.rstrip(SPACE))
    for _ in due(text[:begin]):
        if end > begin and text[end - 1] in "}]":
            end -= 1
    return max(begin, end)
