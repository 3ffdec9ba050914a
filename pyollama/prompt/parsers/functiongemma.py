"""`functiongemma`: calls in Gemma's notation, with strings between <escape> and <escape>.

<start_function_call>call:NAME{city:<escape>Paris<escape>,days:3}<end_function_call>
"""

from typing import Any

from pyollama.prompt.parsers.machine import SPACE
from pyollama.prompt.parsers.states import Next, State, StateParser
from pyollama.prompt.parsers.values import typed_value

__all__ = ["FunctionGemma", "read_arguments", "read_call"]

BEGIN, END = "<start_function_call>", "<end_function_call>"
ESCAPE = "<escape>"
CALL = "call:"
MAX_DEPTH = 64  # of lists and objects inside each other; what is deeper stays text
CONSTANTS = {"true": True, "false": False}


class FunctionGemma(StateParser):
    """Content and calls; no thinking."""

    preserved = (BEGIN, END, ESCAPE)

    def first(self) -> State:
        """An answer begins with content."""
        return self.content

    def content(self) -> Next:
        """Content, up to a call."""
        return self.call if self.pass_soon((BEGIN,), self.out.content) else None

    def call(self) -> Next:
        """A call; what does not look like one is a call without a name."""
        if not self.gather(END):
            return None
        self.out.call(*read_call(self.take_body()))
        return self.content


def read_call(body: str) -> tuple[str, dict[str, Any]]:
    """The name and the arguments of the first call in a text; "" and none if there is none."""
    begin, end = body.find(CALL), body.rfind("}")
    while begin >= 0:
        brace = body.find("{", begin)
        if not 0 <= brace < end:
            break
        if brace > begin + len(CALL):
            arguments = read_arguments(body[brace + 1 : end])
            return body[begin + len(CALL) : brace].strip(SPACE), arguments
        begin = body.find(CALL, brace)
    return "", {}


def read_arguments(text: str) -> dict[str, Any]:
    """The values of `key:value,key:value` by their keys."""
    return _Reader(text).pairs(0)


class _Reader:
    """Reads a text from left to right, once; what is missing at its end is made up for."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def pairs(self, depth: int) -> dict[str, Any]:
        """The pairs up to a closing brace, or to the end."""
        values: dict[str, Any] = {}
        while self.at < len(self.text) and self.text[self.at] != "}":
            key = self._upto(":,}").strip(SPACE)
            if self._takes(":"):
                values[key] = self.value(depth)
            self._takes(",")
        self._takes("}")
        return values

    def items(self, depth: int) -> list[Any]:
        """The items up to a closing bracket, or to the end."""
        items = []
        while self.at < len(self.text) and self.text[self.at] != "]":
            items.append(self.value(depth))
            if not self._takes(","):
                self._upto(",]")
                self._takes(",")
        self._takes("]")
        return items

    def value(self, depth: int) -> Any:
        """A value of any kind."""
        if self.text.startswith(ESCAPE, self.at):
            return self._escaped()
        if depth < MAX_DEPTH and self._takes("{"):
            return self.pairs(depth + 1)
        if depth < MAX_DEPTH and self._takes("["):
            return self.items(depth + 1)
        text = self._upto(",}]" if depth else ",")
        if text in CONSTANTS:
            return CONSTANTS[text]
        return typed_value(text, ("integer", "number")) if text[-1:].isdigit() else text

    def _escaped(self) -> str:
        """The string between two escapes."""
        begin = self.at + len(ESCAPE)
        end = self.text.find(ESCAPE, begin)
        self.at = len(self.text) if end < 0 else end + len(ESCAPE)
        return self.text[begin:] if end < 0 else self.text[begin:end]

    def _upto(self, stops: str) -> str:
        """Take text up to one of some characters."""
        begin = self.at
        while self.at < len(self.text) and self.text[self.at] not in stops:
            self.at += 1
        return self.text[begin : self.at]

    def _takes(self, char: str) -> bool:
        """Pass a character if it stands here."""
        found = self.text.startswith(char, self.at)
        self.at += found
        return found
