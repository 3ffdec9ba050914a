"""`gemma4`: channels of thinking, and calls in Gemma's notation.

<|channel>thought
I should look.<channel|>Wait.<|tool_call>call:get_weather{city:<|"|>Paris<|"|>}<tool_call|>
"""

import logging

from pyollama.prompt.parsers.base import Start
from pyollama.prompt.parsers.gemma4_calls import CallError, read_call
from pyollama.prompt.parsers.states import Next, State, ThinkingParser

__all__ = ["Gemma4", "Gemma4NoThinking"]

CALL, CALL_END = "<|tool_call>", "<tool_call|>"
RESPONSE = "<|tool_response>"  # which the prompt goes on with, and some answers too
NAME = "thought\n"  # of the channel

log = logging.getLogger(__name__)


class Gemma4NoThinking(ThinkingParser):
    """Content and calls; thinking is taken out and dropped."""

    opening, closing = "<|channel>", "<channel|>"
    preserved = (opening, closing, CALL, CALL_END, RESPONSE, '<|"|>')
    shows_thinking = False

    def first(self) -> State:
        """An answer begins with content."""
        return self.content

    def content(self) -> Next:
        """Content, up to thinking or a call."""
        tag = self.pass_soon((self.opening, CALL), self.out.content)
        if not tag:
            return None
        return self.call if tag == CALL else self.begin_thinking

    def begin_thinking(self) -> Next:
        """The name of the channel is dropped."""
        return None if self.standing(NAME) is None else self.thinking

    def thinking(self) -> Next:
        """Thinking, up to the end of the channel."""
        return self.gap if self.pass_on((self.closing,), self.thinking_sink) else None

    def call(self) -> Next:
        """A call."""
        if not self.gather(CALL_END):
            return None
        self.note_call()
        return self.noise

    def noise(self) -> Next:
        """What comes twice, or too early, after a call is dropped."""
        if not self.feed.skip_space() or (tag := self.standing(CALL_END, RESPONSE)) is None:
            return None
        return self.noise if tag else self.content

    def finish(self) -> None:
        """What looked like the beginning of a tag is text; a call needs no tag at its end."""
        if self.state == self.call:
            self.note_call()
        elif self.state in (self.thinking, self.begin_thinking):
            self.thinking_sink.append(self.blanks.push(self.feed.rest()))
        else:
            self.out.content.append(self.blanks.push(self.feed.rest()))

    @property
    def thinking_sink(self) -> list[str]:
        """Where thinking goes."""
        return self.out.thinking if self.shows_thinking else []

    def note_call(self) -> None:
        """Note the call that was gathered; one that cannot be read is dropped."""
        try:
            self.out.call(*read_call(self.take_body(), self.tools))
        except CallError as error:
            log.warning("a call of a tool cannot be read: %s", error)


class Gemma4(Gemma4NoThinking):
    """Thinking is shown if it was asked for; after a tool's result the prompt has opened it."""

    def __init__(self, start: Start) -> None:
        super().__init__(start)
        self.shows_thinking = bool(start.think)

    def first(self) -> State:
        """Content, or thinking after a result."""
        last = self.start.last
        follows_result = last is not None and last.role == "tool"
        return self.thinking if follows_result and self.start.think else self.content
