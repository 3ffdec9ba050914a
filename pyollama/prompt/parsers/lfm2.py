"""`lfm2` and `lfm2-thinking`: calls as in Python between two tokens.

    <|tool_call_start|>[get_weather(city="Paris", days=3)]<|tool_call_end|>

The tags are single tokens of these models, so content never waits for the rest of one. Some answers
are calls without the tags; content that begins like one waits for its end.
"""

import logging
from collections.abc import Sequence

from pyollama.prompt.parsers.base import Start, Tool
from pyollama.prompt.parsers.calls import tool_name
from pyollama.prompt.parsers.machine import SPACE
from pyollama.prompt.parsers.python_calls import CallsError, read_calls
from pyollama.prompt.parsers.states import Next, State, ThinkingParser
from pyollama.prompt.parsers.values import tool_named

__all__ = ["LFM2", "LFM2Thinking"]

CALLS, CALLS_END = "<|tool_call_start|>", "<|tool_call_end|>"

log = logging.getLogger(__name__)


class LFM2(ThinkingParser):
    """Content and calls."""

    preserved = ("<think>", "</think>", CALLS, CALLS_END)
    keeps_leading_space = False

    def __init__(self, start: Start) -> None:
        super().__init__(start)
        self.withheld = Withheld(start.tools)

    def first(self) -> State:
        """An answer begins with content."""
        return self.content

    def begin_thinking(self) -> Next:
        """The tag may come twice."""
        if not self.feed.skip_space() or (tag := self.standing(self.opening)) is None:
            return None
        return self.begin_thinking if tag else self.thinking

    def content(self) -> Next:
        """Content, up to calls."""
        text: list[str] = []
        tag = self.pass_at_once((CALLS,), text)
        shown = self.withheld.push("".join(text))
        if tag:
            shown += self.withheld.flush()
        self.out.content.append(shown)
        return self.calls if tag else None

    def calls(self) -> Next:
        """Calls between their tags."""
        if not self.gather(CALLS_END):
            return None
        self.read(self.take_body())
        return self.gap

    def finish(self) -> None:
        """Content that is nothing but calls of tools that are there counts as calls."""
        text = self.withheld.flush()
        if text and not self.read(text, only=self.tools):
            self.out.content.append(text)

    def read(self, text: str, only: Sequence[Tool] | None = None) -> bool:
        """Note the calls that a text is; False if it is something else."""
        try:
            calls = read_calls(text)
        except CallsError as error:
            log.warning("calls of tools cannot be read: %s", error)
            return False
        if only is not None and not all(tool_named(only, name) for name, _ in calls):
            return False
        for name, arguments in calls:
            self.out.call(name, arguments)
        return True


class LFM2Thinking(LFM2):
    """An answer may begin with thinking, if it was asked for."""

    def first(self) -> State:
        """Thinking has a tag of its own."""
        thinks = bool(self.start.think) and not self.start.continues
        return self.look_for_thinking if thinks else self.content


class Withheld:
    """Content from its beginning on, as long as that may be calls without tags."""

    def __init__(self, tools: Sequence[Tool]) -> None:
        names = [name for tool in tools if (name := tool_name(tool))]
        self.beginnings = tuple(f"{bracket}{name}(" for bracket in ("[", "") for name in names)
        self.is_call = False  # it begins like one, so only the end can tell
        self.head = ""  # up to where that is clear, without white space before it
        self.texts: list[str] = []

    def push(self, text: str) -> str:
        """What is content for certain now."""
        if not self.beginnings:
            return text
        self.texts.append(text)
        if self.is_call:
            return ""
        self.head = (self.head + text).lstrip(SPACE)
        self.is_call = self.head.startswith(self.beginnings)
        if self.is_call or any(begin.startswith(self.head) for begin in self.beginnings):
            return ""
        return self.flush()

    def flush(self) -> str:
        """All of it; nothing is withheld from here on."""
        text, self.texts = "".join(self.texts), []
        self.beginnings = ()
        return text
