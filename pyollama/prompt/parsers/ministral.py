"""The parser of Ministral: marks in square brackets, and arguments that end where their JSON ends.

    [THINK]I wonder.[/THINK]Sure.[TOOL_CALLS]forecast[ARGS]{"place": "Oslo"}

Of white space only that of content is held back until more follows; thinking goes out at once.
"""

import re

from pyollama.prompt.parsers.base import AnswerError
from pyollama.prompt.parsers.gojson import JSONError, read_object
from pyollama.prompt.parsers.machine import SPACE
from pyollama.prompt.parsers.states import Next, State, StateParser
from pyollama.prompt.parsers.values import tool_named

__all__ = ["Brackets", "Ministral"]

THINK, END_THINK = "[THINK]", "[/THINK]"
CALL, ARGUMENTS = "[TOOL_CALLS]", "[ARGS]"
MARK = re.compile(r'\\(?:.|\Z)|"|[{\[]++|[}\]]', re.DOTALL)  # an escape, or what counts


class Brackets:
    """Finds the end of the first JSON object or list in text that comes in pieces."""

    def __init__(self) -> None:
        self.depth = 0
        self.in_string = False
        self.escaped = False  # whether the last piece ended with a backslash

    def end(self, text: str, at: int) -> int | None:
        """Where the value is over that goes on at this place; None if it is not over yet."""
        start = at + (self.escaped and at < len(text))
        self.escaped = self.escaped and at == len(text)
        for match in MARK.finditer(text, start):
            mark = match[0]
            if mark[0] == "\\":
                self.escaped = len(mark) == 1
            elif mark == '"':
                self.in_string = not self.in_string
            elif not self.in_string:
                self.depth += -1 if mark in "}]" else len(mark)
                if self.depth <= 0:
                    return match.end()
        return None


class Ministral(StateParser):
    """Content and thinking, as often as the model likes, and calls."""

    preserved = (THINK, END_THINK, CALL, ARGUMENTS)

    def first(self) -> State:
        """An answer begins with content."""
        return self.content

    def content(self) -> Next:
        """Content, up to thinking or a call."""
        tag = self.pass_on((CALL, THINK), self.out.content)
        return {CALL: self.name, THINK: self.thinking}.get(tag)

    def thinking(self) -> Next:
        """Thinking, up to its end."""
        text, tag = self.feed.upto((END_THINK,))
        self.out.thinking.append(text.rstrip(SPACE) if tag else text)
        return self.gap if tag else None

    def gap(self) -> Next:
        """White space after thinking is dropped."""
        return self.content if self.feed.skip_space() else None

    def name(self) -> Next:
        """The name of a tool. AnswerError if there is no such tool."""
        if not self.gather(ARGUMENTS):
            return None
        self.called = self.take_body().rstrip(SPACE)
        if tool_named(self.start.tools, self.called) is None:
            raise AnswerError(f"tool '{self.called}' not found")
        self.brackets = Brackets()
        return self.arguments

    def arguments(self) -> Next:
        """The arguments of the call. AnswerError if they are no object in JSON."""
        end = self.brackets.end(self.feed.text, self.feed.at)
        self.body.append(self.feed.rest() if end is None else self.feed.take(end - self.feed.at))
        if end is None:
            return None
        try:
            self.out.call(self.called, read_object(self.take_body()))
        except JSONError as error:
            raise AnswerError(str(error)) from error
        return self.content
