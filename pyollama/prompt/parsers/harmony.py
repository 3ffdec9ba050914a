"""The parser of gpt-oss: messages in the Harmony format, each with a header.

    <|channel|>analysis<|message|>I wonder.<|end|>
    <|start|>assistant<|channel|>commentary to=functions.forecast <|constrain|>json<|message|>{}

The header says what a message is: thinking, content, or the arguments of a call. The prompt ends
inside of the first header. `<|return|>` and `<|call|>`, which end an answer, never get here.
"""

import re
from dataclasses import dataclass
from enum import Enum, auto

from pyollama.api import Message
from pyollama.prompt.parsers.base import AnswerError, Start, Tool
from pyollama.prompt.parsers.gojson import JSONError, read_object
from pyollama.prompt.parsers.harmony_names import renamed, told_names, tool_name
from pyollama.prompt.parsers.states import Next, State, StateParser

__all__ = ["Harmony", "Header"]

START, END, MESSAGE = "<|start|>", "<|end|>", "<|message|>"
CHANNEL, CONSTRAIN = "<|channel|>", "<|constrain|>"
CHANNEL_NAME = re.compile(rf"{re.escape(CHANNEL)}(\S*)")


class Kind(Enum):
    """What a message is."""

    CONTENT = auto()
    THINKING = auto()
    ARGUMENTS = auto()


@dataclass(frozen=True)
class Header:
    """On which channel a message is, and to whom; either may be empty."""

    channel: str = ""
    recipient: str = ""

    @classmethod
    def read(cls, text: str) -> "Header":
        """The header that a text is: the role, then a recipient; the channel stands anywhere.

        A recipient may take the place of the role.
        """
        text = text.replace(CONSTRAIN, f" {CONSTRAIN}", 1)
        channel = CHANNEL_NAME.search(text)
        words = CHANNEL_NAME.sub("", text, count=1).split()
        recipients = [word[3:] for word in words[:2] if word.startswith("to=")]
        return cls(channel[1] if channel else "", recipients[-1] if recipients else "")

    @property
    def kind(self) -> Kind:
        """What the message is; what comes on no known channel is content."""
        if self.channel in ("analysis", "commentary") and self.recipient:
            return Kind.ARGUMENTS
        return Kind.THINKING if self.channel == "analysis" else Kind.CONTENT


class Harmony(StateParser):
    """One message after another; one call at most, which is read when the answer ends."""

    preserved = (START, END, MESSAGE, CHANNEL, CONSTRAIN)

    def __init__(self, start: Start) -> None:
        super().__init__(start)
        self.told = list(told_names(start.tools))
        self.kind = Kind.CONTENT
        self.called: str | None = None  # the recipient of the arguments
        self.arguments: list[str] = []
        self.feed.push(f"{START}assistant{_begun(start.last)}")

    @property
    def tools(self) -> list[Tool]:
        """The tools by the names that the model can write."""
        pairs = zip(self.start.tools, self.told, strict=True)
        return [renamed(tool, name) for tool, name in pairs]

    def first(self) -> State:
        """The prompt ends inside of a message."""
        return self.between

    def between(self) -> Next:
        """Text between messages is passed over."""
        return self.header if self.feed.upto((START,))[1] else None

    def header(self) -> Next:
        """What the message is."""
        if not self.gather(MESSAGE):
            return None
        header = Header.read(self.take_body())
        self.kind = header.kind
        if self.kind is Kind.ARGUMENTS:
            self.called = header.recipient
        return self.message

    def message(self) -> Next:
        """The text of the message, passed on as it comes."""
        text, tag = self.feed.upto((END,))
        if self.kind is Kind.ARGUMENTS:
            self.arguments.append(text)
        elif self.kind is Kind.THINKING:
            self.out.thinking.append(text)
        else:
            self.out.content.append(text)
        return self.between if tag else None

    def finish(self) -> None:
        """Read the call. AnswerError if its arguments are no object in JSON."""
        if self.called is None:
            return
        raw = "".join(self.arguments)
        name = self.called.removeprefix("functions.")
        named = dict(zip(self.told, map(tool_name, self.start.tools), strict=True))
        try:
            self.out.call(named.get(name, name), read_object(raw))
        except JSONError as error:
            raise AnswerError(f"error parsing tool call: raw='{raw}', err={error}") from error


def _begun(last: Message | None) -> str:
    """The part of a header that the prompt has already."""
    if last is None or last.role != "assistant":
        return ""
    if last.content:
        return f"{CHANNEL}final{MESSAGE}"
    return f"{CHANNEL}analysis{MESSAGE}" if last.thinking else ""
