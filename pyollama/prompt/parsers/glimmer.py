"""`glimmer`: messages with a recipient in their header; calls of tools in ATEM's notation.

    to=self<|message|>I should look.<|eom|><|start|>assistant to=get_weather<|message|>
    <atem:function_calls>
    <atem:invoke name="get_weather">
    <atem:parameter name="city">Paris</atem:parameter>
    </atem:invoke>
    </atem:function_calls><|eot|>

What goes to `self` is thinking, what goes to a tool is a call of it, all else is content.
"""

import re

from pyollama.prompt.parsers.atem import read_calls
from pyollama.prompt.parsers.states import Next, State, StateParser
from pyollama.prompt.parsers.values import tool_named

__all__ = ["Glimmer"]

START, MESSAGE = "<|start|>", "<|message|>"
ENDS = ("<|eom|>", "<|eot|>")
ROLE = "assistant"
RECIPIENT = re.compile(r"(?:^|\s)to=(\S+)")
HEADER = re.compile(rf"{ROLE}(?:[ \t]+to=[^\s<]+)?[ \t]*{re.escape(MESSAGE)}")
MAX_HEADER = 256  # characters after <|start|> until which a header must be complete


class Glimmer(StateParser):
    """One message after another; the prompt has begun the first header."""

    preserved = (START, MESSAGE, *ENDS)
    recipient = ""  # of the message
    is_call = False  # whether the recipient is a tool

    def first(self) -> State:
        """An answer begins in a header."""
        return self.header

    def header(self) -> Next:
        """Up to the message, whose recipient it tells."""
        if not self.gather(MESSAGE):
            return None
        found = RECIPIENT.search(self.take_body())
        self.recipient = found[1] if found else ""
        self.is_call = tool_named(self.tools, self.recipient) is not None
        return self.message

    def message(self) -> Next:
        """A message; it ends with a tag, or where the next header begins."""
        text, tag = self.feed.upto((*ENDS, START))
        self.show(text)
        if tag == START:
            return self.restart
        return self.end() if tag else None

    def restart(self) -> Next:
        """After <|start|>: the next header, if one stands here; or else that was text."""
        rest = self.feed.text[self.feed.at : self.feed.at + MAX_HEADER]
        if HEADER.match(rest):
            return self.end()
        if may_be_header(rest):
            return None
        self.show(START)
        return self.message

    def end(self) -> State:
        """The end of a message. AnswerError for a call that cannot be read."""
        self.blanks.drop()
        if self.is_call:
            for name, arguments in read_calls(self.take_body(), self.recipient, self.tools):
                self.out.call(name, arguments)
        return self.between

    def between(self) -> Next:
        """White space between messages is dropped."""
        return self.header if self.feed.skip_space() else None

    def finish(self) -> None:
        """The last message needs no tag at its end; a header without a message is content."""
        if self.state in (self.message, self.restart):
            self.show((START if self.state == self.restart else "") + self.feed.rest())
            self.end()
        else:
            self.out.content.append(self.take_body() + self.feed.rest())

    def show(self, text: str) -> None:
        """Add text to the message."""
        if self.is_call:
            self.body.append(text)
        else:
            self.sink.append(self.blanks.push(text))

    @property
    def sink(self) -> list[str]:
        """Where the message goes to, if that is no tool."""
        if self.recipient != "self":
            return self.out.content
        return [] if self.start.think is False else self.out.thinking


def may_be_header(text: str) -> bool:
    """Whether more text may make a header of what follows <|start|>."""
    head, tag, rest = text.partition("<")
    if len(text) >= MAX_HEADER or not MESSAGE.startswith(tag + rest):
        return False
    return ROLE.startswith(head) or (head.startswith(ROLE) and "\n" not in head)
