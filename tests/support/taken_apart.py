"""Answers given to a parser in pieces, and what it makes of them all."""

from collections.abc import Iterable
from typing import Any

from pyollama.prompt.delta import Delta
from pyollama.prompt.parsers import Start, new_parser

Parsed = tuple[str, str, list[tuple[int, str, dict[str, Any]]]]
"""Content, thinking, and calls with their number, name and arguments."""

TOOLS: list[dict[str, Any]] = [
    {
        "type": "function",
        "function": {
            "name": "forecast",
            "parameters": {
                "type": "object",
                "required": ["place"],
                "properties": {
                    "place": {"type": "string"},
                    "hours": {"type": "integer"},
                    "wind": {"type": "boolean"},
                    "days": {"type": "array"},
                },
            },
        },
    },
    {"type": "function", "function": {"name": "now", "parameters": {"type": "object"}}},
]
OSLO = {"place": "Oslo"}


def deltas(name: str, pieces: Iterable[str], start: Start | None = None) -> list[Delta]:
    """What each piece adds, and at last the end of the answer."""
    parser = new_parser(name, start or Start(tools=TOOLS))
    assert parser is not None
    return [*(parser.add(piece, done=False) for piece in pieces), parser.add("", done=True)]


def parsed(name: str, pieces: Iterable[str], **facts: Any) -> Parsed:
    """What a whole answer is taken apart into; facts are those of Start."""
    found = deltas(name, pieces, Start(**{"tools": TOOLS, **facts}))
    total = sum(found, Delta())
    calls = [(call.index, call.name, call.arguments) for call in total.calls]
    return total.content, total.thinking, calls


def every_cut(text: str) -> Iterable[list[str]]:
    """A text in single characters, and in two parts at any place."""
    yield list(text)
    for at in range(len(text)):
        yield [text[:at], text[at:]]
