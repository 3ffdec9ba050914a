"""The parsers of Qwen 3 and of the families that follow it: thinking, content, calls, in tags.

    I wonder.</think>

    Sure. <tool_call>a call, in JSON or in the notation of coder.py</tool_call>

The opening tag of thinking stands in the prompt already. White space before a tag, and after a
closing one, belongs to the format; what is still held back at the end of an answer is dropped, an
unfinished call included.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pyollama.prompt.parsers.base import AnswerError, Start, Tool
from pyollama.prompt.parsers.coder import coder_call
from pyollama.prompt.parsers.gojson import JSONError, kind_of, read_json
from pyollama.prompt.parsers.states import Next, State, ThinkingParser

__all__ = ["FAMILIES", "Family", "TaggedParser"]

Call = tuple[str, dict[str, Any]]  # name and arguments
THINK, END_THINK = "<think>", "</think>"
CALL, END_CALL = "<tool_call>", "</tool_call>"


@dataclass(frozen=True)
class Family:
    """What tells families of this shape apart.

    call: makes a call of the text between the tags, with the tools of the request
    thinks: whether the answer starts with thinking
    reopens: whether an opening tag that the model repeats is taken away
    """

    call: Callable[[str, Sequence[Tool]], Call]
    thinks: Callable[[Start], bool]
    reopens: bool = True


class TaggedParser(ThinkingParser):
    """Thinking, content and calls, each ended by a tag; a call may end thinking."""

    preserved = (THINK, END_THINK, CALL, END_CALL)

    def __init__(self, family: Family, start: Start) -> None:
        self.family = family
        super().__init__(start)

    def first(self) -> State:
        """The opening tag of thinking stands in the prompt already, if there is any."""
        if not self.family.thinks(self.start):
            return self.content
        return self.reopening if self.family.reopens else self.thinking

    def reopening(self) -> Next:
        """An opening tag that the model repeats is taken away, with the white space around it."""
        self.blanks.push(self.feed.space())
        if not self.feed or (tag := self.standing(THINK)) is None:
            return None
        if tag:
            self.blanks.drop()
        return self.begin_thinking if tag else self.thinking

    def thinking(self) -> Next:
        """Thinking, up to its closing tag or a call."""
        tag = self.pass_on((END_THINK, CALL), self.out.thinking)
        return {END_THINK: self.gap, CALL: self.call}.get(tag)

    def content(self) -> Next:
        """Content, up to a call."""
        return self.call if self.pass_on((CALL,), self.out.content) else None

    def call(self) -> Next:
        """A call. AnswerError if it cannot be read."""
        if not self.gather(END_CALL):
            return None
        self.out.call(*self.family.call(self.take_body(), self.start.tools))
        return self.gap


def json_call(body: str, tools: Sequence[Tool]) -> Call:
    """A call such as {"name": "f", "arguments": {}}. Raises AnswerError."""
    try:
        return _json_call(body)
    except JSONError as error:
        raise AnswerError(f"failed to parse JSON: {error}") from error


def bare_json_call(body: str, tools: Sequence[Tool]) -> Call:
    """The same, but mistakes are told in the decoder's words alone. Raises AnswerError."""
    try:
        return _json_call(body)
    except JSONError as error:
        raise AnswerError(str(error)) from error


def _json_call(body: str) -> Call:
    value = read_json(body)
    if not isinstance(value, dict | None):
        raise JSONError(f"json: cannot unmarshal {kind_of(value)} into Go value of type struct")
    fields = {key.lower(): item for key, item in (value or {}).items()}  # Go folds their case
    name = _field(fields, "name", str, "string") or ""
    arguments = _field(fields, "arguments", dict, "map[string]interface {}") or {}
    if not name:
        raise AnswerError("empty function name")
    return name, arguments


def _field(fields: dict[str, Any], key: str, kind: type, go_kind: str) -> Any:
    """A field of some kind; None where it is null or left out. Raises JSONError."""
    value = fields.get(key)
    if value is not None and not isinstance(value, kind):
        told = f"json: cannot unmarshal {kind_of(value)} into Go struct field .{key}"
        raise JSONError(f"{told} of type {go_kind}")
    return value


def _never(start: Start) -> bool:
    return False


def _unless_off(start: Start) -> bool:
    return start.think is None or bool(start.think)


def _unless_begun(start: Start) -> bool:
    return not start.continues


def _unless_off_or_begun(start: Start) -> bool:
    return _unless_off(start) and _unless_begun(start)


CODER = Family(coder_call, _unless_off_or_begun)
FAMILIES = {
    "qwen3": Family(json_call, _never),
    "qwen3-thinking": Family(json_call, _unless_off),
    "qwen3-coder": Family(coder_call, _never),
    "qwen3.5": CODER,
    "ornith": CODER,
    "qwen3-vl-instruct": Family(bare_json_call, _never, reopens=False),
    "qwen3-vl-thinking": Family(bare_json_call, _unless_begun, reopens=False),
    "nemotron-3-nano": CODER,
    "nemotron-3.5-nano": CODER,
}
