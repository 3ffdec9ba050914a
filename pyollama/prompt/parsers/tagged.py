"""The parsers of Qwen 3 and of the families that follow it: thinking, content, calls, in tags.

    I wonder.</think>

    Sure. <tool_call>a call, in JSON or in the notation of coder.py</tool_call>

The opening tag of thinking stands in the prompt already. White space before a tag, and after a
closing one, belongs to the format; what is still held back at the end of an answer is dropped, an
unfinished call included.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from pyollama.prompt.delta import Delta
from pyollama.prompt.parsers.base import AnswerError, Parser, Start, Tool
from pyollama.prompt.parsers.coder import coder_call
from pyollama.prompt.parsers.gojson import JSONError, kind_of, read_json
from pyollama.prompt.parsers.machine import Blanks, Feed, Gathered

__all__ = ["FAMILIES", "Family", "TaggedParser"]

Call = tuple[str, dict[str, Any]]  # name and arguments
THINK, END_THINK = "<think>", "</think>"
CALL, END_CALL = "<tool_call>", "</tool_call>"


class Zone(Enum):
    """What the text is, up to the next tag."""

    OPENING = auto()  # of thinking: the model may write the tag although the prompt has it
    THINKING = auto()
    CONTENT = auto()
    CALL = auto()


ENDS: dict[Zone, dict[str, Zone]] = {  # the tags that end a zone, and what comes after each
    Zone.THINKING: {END_THINK: Zone.CONTENT, CALL: Zone.CALL},
    Zone.CONTENT: {CALL: Zone.CALL},
    Zone.CALL: {END_CALL: Zone.CONTENT},
}
TAGS = {zone: tuple(ends) for zone, ends in ENDS.items()}


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


class TaggedParser(Parser):
    """One zone of text after another, each ended by a tag."""

    preserved = (THINK, END_THINK, CALL, END_CALL)

    def __init__(self, family: Family, start: Start) -> None:
        super().__init__(start)
        self.family = family
        self.feed = Feed()
        self.blanks = Blanks()
        self.gathered = Gathered()
        self.body: list[str] = []  # of the call that is being read
        self.trims = False  # whether a closing tag has come, and nothing but white space since
        thinking = Zone.OPENING if family.reopens else Zone.THINKING
        self.zone = thinking if family.thinks(start) else Zone.CONTENT

    def add(self, text: str, *, done: bool) -> Delta:
        """What more text adds. AnswerError for a call that cannot be read."""
        self.feed.push(text)
        while self._step():
            pass
        return self.gathered.take()

    def _step(self) -> bool:
        """Go on to the next zone, if there is enough text for that."""
        if self.trims and not self.feed.skip_space():
            return False
        self.trims = False
        if self.zone is Zone.OPENING:
            return self._open()
        text, tag = self.feed.upto(TAGS[self.zone])
        self._take(text)
        if tag:
            self._leave(tag)
        return bool(tag)

    def _open(self) -> bool:
        """Take a repeated opening tag away, with the white space around it."""
        self.blanks.push(self.feed.space())
        begins = self.feed.begins(THINK)
        if begins is None:
            return False
        if begins:
            self.feed.skip(len(THINK))
            self.blanks.drop()
        self.trims = begins
        self.zone = Zone.THINKING
        return True

    def _take(self, text: str) -> None:
        """Note text of the zone."""
        if self.zone is Zone.CALL:
            self.body.append(text)
        elif self.zone is Zone.THINKING:
            self.gathered.thinking.append(self.blanks.push(text))
        else:
            self.gathered.content.append(self.blanks.push(text))

    def _leave(self, tag: str) -> None:
        """End the zone."""
        if self.zone is Zone.CALL:
            self.gathered.call(*self.family.call("".join(self.body), self.start.tools))
            self.body = []
        self.blanks.drop()
        self.trims = tag != CALL
        self.zone = ENDS[self.zone][tag]


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
