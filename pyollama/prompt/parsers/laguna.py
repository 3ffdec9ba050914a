"""`laguna` and `poolside-v1`: thinking, content, and calls in more than one notation.

    <tool_call>get_weather<arg_key>city</arg_key><arg_value>Paris</arg_value></tool_call>
    <tool_call>{"name": "get_weather", "arguments": {"city": "Paris"}}</tool_call>

With tools, an object of JSON that begins a line is a call too if it names one of them, and so is a
block between <user> and </user>. White space before a tag counts, unlike that after one.
"""

from typing import Any

from pyollama.prompt.jsonobjects import decoded
from pyollama.prompt.parsers import argkeys
from pyollama.prompt.parsers.balance import Balance
from pyollama.prompt.parsers.base import AnswerError, Start
from pyollama.prompt.parsers.gojson import JSONError, kind_of, read_json
from pyollama.prompt.parsers.machine import SPACE
from pyollama.prompt.parsers.states import Next, State, ThinkingParser
from pyollama.prompt.parsers.values import tool_named

__all__ = ["Laguna", "Poolside"]

CALL, CALL_END = "<tool_call>", "</tool_call>"
USER, USER_END = "<user>", "</user>"
OBJECT = "\n{"
ALIASES = {  # names that the model knows tools by, and what clients call them
    "read_file": "read",
    "write_file": "write",
    "edit_file": "edit",
    "web_fetch": "webfetch",
}


class Poolside(ThinkingParser):
    """Thinking only if it was asked for; or else blocks of it are dropped."""

    preserved = (
        *("<think>", "</think>", CALL, CALL_END),
        *("<arg_key>", "</arg_key>", "<arg_value>", "</arg_value>"),
    )

    def __init__(self, start: Start) -> None:
        super().__init__(start)
        self.shows_thinking = self.state == self.begin_thinking
        self.balance = Balance()
        self.following: dict[str, State] = {  # what comes after a tag in content
            self.opening: self.begin_thinking,
            self.closing: self.gap,
            CALL: self.call,
        }
        if self.tools:
            self.following |= {USER: self.user, OBJECT: self.object}
        self.tags = tuple(self.following)
        self.renamed = {
            alias: name
            for alias, name in ALIASES.items()
            if tool_named(self.tools, name) and not tool_named(self.tools, alias)
        }

    def first(self) -> State:
        """The prompt has opened thinking, or closed it."""
        return self.begin_thinking if self.start.think else self.gap

    def begin_thinking(self) -> Next:
        """White space is dropped, and the tag if the model repeats it."""
        if not self.feed.skip_space() or (tag := self.standing(self.opening)) is None:
            return None
        return self.begin_thinking if tag else self.thinking

    def thinking(self) -> Next:
        """Thinking, which a call ends too."""
        tag = self.pass_up_to((self.closing, CALL), self.thinking_sink)
        if not tag:
            return None
        return self.call if tag == CALL else self.gap

    def gap(self) -> Next:
        """White space before content is dropped."""
        if not self.feed.skip_space():
            return None
        if self.tools and self.feed.text.startswith("{", self.feed.at):
            return self.object
        return self.content

    def content(self) -> Next:
        """Content, and what may be calls."""
        tag = self.pass_up_to(self.tags, self.out.content)
        if tag == OBJECT:  # of which only the brace belongs to the object
            self.out.content.append("\n")
            self.feed.at -= 1
        return self.following.get(tag)

    def call(self) -> Next:
        """A call. Raises AnswerError."""
        if not self.gather(CALL_END):
            return None
        self.out.call(*self.read_call(self.take_body()))
        return self.gap

    def user(self) -> Next:
        """A block in which some answers have a call; any other is content."""
        if not self.gather(USER_END):
            return None
        body = self.take_body()
        if self.note_if_declared(body):
            return self.gap
        self.out.content.append(USER + body + USER_END)
        return self.content

    def object(self) -> Next:
        """An object of JSON; one that is no call is content."""
        begin = self.feed.at
        end = self.balance.end(self.feed.text, begin)
        self.feed.at = len(self.feed.text) if end < 0 else end
        self.body.append(self.feed.text[begin : self.feed.at])
        if end < 0:
            return None
        body = self.take_body()
        if '"name"' in body and decoded(body) and self.note_if_declared(body):
            return self.gap
        self.out.content.append(body)
        return self.content

    def finish(self) -> None:
        """What looked like the beginning of something is text; a call without end is lost."""
        if self.state == self.call:
            return
        if self.state in (self.thinking, self.begin_thinking):
            self.thinking_sink.append(self.blanks.push(self.feed.rest()))
            return
        opened = USER if self.state == self.user else ""
        self.out.content.append(self.blanks.push(opened + self.take_body() + self.feed.rest()))

    @property
    def thinking_sink(self) -> list[str]:
        """Where thinking goes."""
        return self.out.thinking if self.shows_thinking else []

    def pass_up_to(self, tags: tuple[str, ...], sink: list[str]) -> str:
        """Like pass_on, but white space before a tag counts."""
        before, tag = self.feed.upto(tags)
        sink.append(self.blanks.push(before))
        if tag:
            sink.append(self.blanks.flush())
        return tag

    def note_if_declared(self, body: str) -> bool:
        """Note a call if the text is one of a tool that is there; whether it is."""
        try:
            name, arguments = self.read_call(body)
        except AnswerError:
            return False
        if tool_named(self.tools, name) is None:
            return False
        self.out.call(name, arguments)
        return True

    def read_call(self, body: str) -> tuple[str, dict[str, Any]]:
        """The name and the arguments of a call in either notation. Raises AnswerError."""
        body = body.strip(SPACE)
        if not body.startswith("{"):
            return argkeys.read_call(body, self.tools, renamed=self.renamed)
        try:
            name, arguments = json_call(body)
        except JSONError as error:
            told = f"failed to parse Laguna JSON tool call: {error}"
            raise AnswerError(told) from None
        return self.renamed.get(name, name), arguments


class Laguna(Poolside):
    """The same, but a model that goes on from content of its own does not think."""

    def first(self) -> State:
        """Content if it goes on; or else as Poolside."""
        return self.gap if self.start.continues else super().first()


def json_call(body: str) -> tuple[str, dict[str, Any]]:
    """The name and the arguments of an object. Raises JSONError, or AnswerError without a name."""
    value = read_json(body)
    name, arguments = value.get("name"), value.get("arguments")
    if not isinstance(arguments, dict | None):
        told = f"json: cannot unmarshal {kind_of(arguments)} into Go struct field .arguments"
        raise JSONError(f"{told} of type map[string]interface {{}}")
    if not isinstance(name, str) or not name:
        raise AnswerError("empty function name")
    return name, arguments or {}
