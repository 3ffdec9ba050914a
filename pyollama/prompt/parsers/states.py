"""Parsers as state machines: a state is a method that takes text out of the feed.

It gives the state to go on with, or None when it needs more text. So every parser reads as the
list of the places where an answer can be, and none of them cares how the text is cut up.
"""

from abc import abstractmethod
from collections.abc import Callable
from typing import TypeAlias

from pyollama.prompt.delta import Delta
from pyollama.prompt.parsers.base import Parser, Start
from pyollama.prompt.parsers.machine import Blanks, Feed, Gathered

__all__ = ["Next", "State", "StateParser", "ThinkingParser"]

Next: TypeAlias = "State | None"
State: TypeAlias = Callable[[], Next]


class StateParser(Parser):
    """What all states share: the feed, the held white space, a body, and what was found."""

    def __init__(self, start: Start) -> None:
        super().__init__(start)
        self.feed = Feed()
        self.blanks = Blanks()
        self.body: list[str] = []  # of a block that is looked at when it is complete
        self.out = Gathered()
        self.state = self.first()

    @abstractmethod
    def first(self) -> State:
        """The state in which an answer begins."""

    def add(self, text: str, *, done: bool) -> Delta:
        """Go from state to state while there is enough text. Raises AnswerError."""
        self.feed.push(text)
        while (following := self.state()) is not None:
            self.state = following
        if done:
            self.finish()
        return self.out.take()

    def finish(self) -> None:
        """The answer ends here; what is unfinished is lost, unless a family keeps it."""

    def pass_on(self, tags: tuple[str, ...], sink: list[str]) -> str:
        """Pass text on up to a tag, "" while there is none; white space before a tag is dropped.

        What may be the beginning of a tag waits, and so does white space at the end.
        """
        before, tag = self.feed.upto(tags)
        if shown := self.blanks.push(before):
            sink.append(shown)
        if tag:
            self.blanks.drop()
        return tag

    def pass_soon(self, tags: tuple[str, ...], sink: list[str]) -> str:
        """Like pass_on, but white space waits only before what may become a tag."""
        tag = self.pass_on(tags, sink)
        if not tag and not self.feed:
            sink.append(self.blanks.flush())
        return tag

    def pass_at_once(self, tags: tuple[str, ...], sink: list[str]) -> str:
        """Like pass_on, but nothing waits: a tag that comes in two pieces stays text."""
        tag = self.pass_on(tags, sink)
        if not tag:
            sink.append(self.blanks.flush() + self.feed.rest())
        return tag

    def gather(self, *tags: str) -> str:
        """Add text to the body up to a tag, which is given; "" while there is none."""
        before, tag = self.feed.upto(tags)
        if before:
            self.body.append(before)
        return tag

    def take_body(self) -> str:
        """All that was gathered."""
        body, self.body = "".join(self.body), []
        return body

    def standing(self, *tags: str) -> str | None:
        """Take the tag that stands right here; "" if none does, None if that is not clear yet."""
        head = self.feed.text[self.feed.at : self.feed.at + max(map(len, tags))]
        for tag in tags:
            if head.startswith(tag):
                self.feed.at += len(tag)
                return tag
        return None if any(tag.startswith(head) for tag in tags) else ""


class ThinkingParser(StateParser):
    """An answer that may begin with thinking, which a tag ends."""

    opening = "<think>"
    closing = "</think>"
    keeps_leading_space = True
    """Whether white space at the beginning of an answer without thinking is content."""

    def look_for_thinking(self) -> Next:
        """Thinking if the answer begins with the tag for it."""
        self.blanks.push(self.feed.space())
        if not self.feed or (tag := self.standing(self.opening)) is None:
            return None
        if tag or not self.keeps_leading_space:
            self.blanks.drop()
        return self.begin_thinking if tag else self.content

    def begin_thinking(self) -> Next:
        """White space at the beginning of thinking is dropped."""
        return self.thinking if self.feed.skip_space() else None

    def thinking(self) -> Next:
        """Thinking, up to the tag."""
        return self.gap if self.pass_on((self.closing,), self.out.thinking) else None

    def gap(self) -> Next:
        """White space before content is dropped."""
        return self.content if self.feed.skip_space() else None

    @abstractmethod
    def content(self) -> Next:
        """Content, and what a family has inside of it."""
