"""Calls in the notation of Qwen 3 Coder, which looks like XML and is not.

    <function=get_weather>
    <parameter=city>
    Oslo
    </parameter>
    </function>

The tags are made XML's (``<function name="get_weather">``), every other ``<`` is plain text, and
the outcome is read as Go's encoding/xml would read it, mistakes included.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import unescape
from typing import Any

from pyollama.prompt.parsers.base import AnswerError, Tool
from pyollama.prompt.parsers.values import parameters_of, tool_named, typed_value, types_of

__all__ = ["coder_call"]

ASSIGNED = re.compile(r"<(\w+)=([^>]+)>", re.ASCII)
TAG = re.compile(
    r'<(?P<slash>/?)(?P<tag>function|parameter)(?P<attribute>\s+name="(?P<name>[^"]*)")?>', re.ASCII
)
ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # in XML
ESCAPES = str.maketrans(
    {
        '"': "&#34;",
        "'": "&#39;",
        "&": "&amp;",
        "<": "&lt;",
        ">": "&gt;",
        "\t": "&#x9;",
        "\n": "&#xA;",
        "\r": "&#xD;",
    }
)


@dataclass(frozen=True)
class Tag:
    """An opening or a closing tag, and the place in the text where it ends."""

    tag: str
    closes: bool
    name: str
    end: int


def coder_call(body: str, tools: Sequence[Tool]) -> tuple[str, dict[str, Any]]:
    """The name and the arguments of a call, typed as its tool declares them. Raises AnswerError."""
    end = body.rfind(">") + 1  # without it, each < would be looked at up to the end of the text
    text = ASSIGNED.sub(_named, body[:end]) + body[end:]
    name, parameters = _Reader(text).read()
    declared = parameters_of(tool_named(tools, name))
    return name, {key: typed_value(value, types_of(declared.get(key))) for key, value in parameters}


def _named(match: re.Match[str]) -> str:
    """``<tag=value>`` as ``<tag name="value">``, wherever it stands."""
    return f'<{match[1]} name="{ILLEGAL.sub(chr(0xFFFD), match[2]).translate(ESCAPES)}">'


class _Reader:
    """Reads the first element of a text, which must be a function."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.open: list[str] = []  # the elements that stand open, the innermost last
        self.parameters: list[tuple[str, list[str]]] = []

    def read(self) -> tuple[str, list[tuple[str, str]]]:
        """The function's name, and its parameters as they were written. Raises AnswerError."""
        name = ""
        for before, tag in self._tags():
            self._text(before)
            if tag.closes:
                self._close(tag)
            elif self.open:
                self._open(tag)
            else:
                name = self._root(tag)
            if not self.open:
                return name, [(key, "".join(texts)) for key, texts in self.parameters]
        raise AnswerError(self._told("unexpected EOF", len(self.text)) if self.open else "EOF")

    def _tags(self) -> Iterator[tuple[str, Tag]]:
        """Each tag, and the text before it. AnswerError for characters that XML cannot hold."""
        at = 0
        for match in TAG.finditer(self.text):
            before = self._legal(at, match.start())
            if match["slash"] and match["attribute"]:
                told = f"invalid characters between </{match['tag']} and >"
                raise AnswerError(self._told(told, match.end()))
            yield before, _tag(match)
            at = match.end()
        self._legal(at, len(self.text))

    def _legal(self, start: int, end: int) -> str:
        """A part of the text."""
        illegal = ILLEGAL.search(self.text, start, end)
        if illegal:
            told = f"illegal character code U+{ord(illegal[0]):04X}"
            raise AnswerError(self._told(told, illegal.start()))
        return self.text[start:end]

    def _text(self, text: str) -> None:
        """Text counts only directly inside of a parameter of the function."""
        if self.open == ["function", "parameter"]:
            self.parameters[-1][1].append(text.replace("\r\n", "\n").replace("\r", "\n"))

    def _root(self, tag: Tag) -> str:
        if tag.tag != "function":
            raise AnswerError(f"expected element type <function> but have <{tag.tag}>")
        self.open.append(tag.tag)
        return tag.name

    def _open(self, tag: Tag) -> None:
        if len(self.open) == 1 and tag.tag == "parameter":
            self.parameters.append((tag.name, []))
        self.open.append(tag.tag)

    def _close(self, tag: Tag) -> None:
        if not self.open:
            raise AnswerError(self._told(f"unexpected end element </{tag.tag}>", tag.end))
        opened = self.open.pop()
        if opened != tag.tag:
            told = f"element <{opened}> closed by </{tag.tag}>"
            raise AnswerError(self._told(told, tag.end))

    def _told(self, problem: str, at: int) -> str:
        """A mistake in Go's words, with the line where it stands."""
        return f"XML syntax error on line {self.text.count(chr(10), 0, at) + 1}: {problem}"


def _tag(match: re.Match[str]) -> Tag:
    name = unescape(match["name"] or "")
    return Tag(match["tag"], bool(match["slash"]), name, match.end())
