"""ATEM's notation of calls, which looks like XML and is not: nothing in it is escaped.

<atem:function_calls>
<atem:invoke name="get_weather">
<atem:parameter name="city">Paris</atem:parameter>
</atem:invoke>
</atem:function_calls>
"""

from collections.abc import Iterator, Sequence
from typing import Any

from pyollama.prompt.parsers.base import AnswerError, Tool
from pyollama.prompt.parsers.values import parameters_of, tool_named, typed_value, types_of

__all__ = ["read_calls"]

CALLS, CALLS_END = "<atem:function_calls>", "</atem:function_calls>"


def read_calls(
    text: str, recipient: str, tools: Sequence[Tool]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """The name and the typed arguments of each call. Raises AnswerError."""
    _, begins, rest = text.partition(CALLS)
    inside, ends, _ = rest.partition(CALLS_END)
    if not begins or not ends:
        raise AnswerError("missing ATEM function_calls wrapper")
    for name, parameters in elements(inside, "invoke"):
        if tool_named(tools, name) is None:
            raise AnswerError(f'undeclared Glimmer function "{name}"')
        if name != recipient:
            raise AnswerError(f'Glimmer recipient "{recipient}" does not match invoke "{name}"')
        declared = parameters_of(tool_named(tools, name))
        yield (
            name,
            {
                key: argument(value, types_of(declared.get(key)))
                for key, value in elements(parameters, "parameter")
            },
        )


def argument(text: str, types: Sequence[str]) -> Any:
    """The value of a parameter; of a string every character counts, newlines too."""
    value = typed_value(text, types)
    return text if isinstance(value, str) else value


def elements(text: str, tag: str) -> Iterator[tuple[str, str]]:
    """The name and the text of each element that is complete."""
    opening, closing = f'<atem:{tag} name="', f"</atem:{tag}>"
    at = 0
    while (begin := text.find(opening, at)) >= 0:
        begin += len(opening)
        name_end = text.find('">', begin)
        end = text.find(closing, name_end)
        if name_end < 0 or end < 0:
            return
        yield text[begin:name_end], text[name_end + 2 : end]
        at = end + len(closing)
