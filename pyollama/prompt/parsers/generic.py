"""The parser of models whose Go template tells the tags: one thinking section, then calls."""

import re

from pyollama.prompt.delta import Delta
from pyollama.prompt.parsers.base import Parser, Start
from pyollama.prompt.parsers.calls import CallFinder
from pyollama.prompt.thinking import ThinkingSplitter

__all__ = ["GenericParser"]

MARK = re.compile(r"<[^>]*>|\[[^\]]*\]")


class GenericParser(Parser):
    """Thinking is split off first; what is content by that may hold calls of tools.

    tags: before and after thinking; two empty texts if nothing is to be split off
    tool_tag: what a call begins with; "" if the request has no tools
    opened: whether the prompt ends with the opening tag, so that thinking comes first
    """

    def __init__(
        self, start: Start, tags: tuple[str, str], tool_tag: str = "", *, opened: bool = False
    ) -> None:
        super().__init__(start)
        self.splitter = ThinkingSplitter(*tags, opened=opened) if all(tags) else None
        self.finder = CallFinder(tool_tag, start.tools) if tool_tag else None
        mark = MARK.search(tool_tag)
        self.preserved = (mark[0],) if mark else ()

    def add(self, text: str, *, done: bool) -> Delta:
        """As upstream, a call is lost if its piece of text has content before it."""
        split = self.splitter.push(text) if self.splitter else Delta(content=text)
        if done and self.splitter:
            split += self.splitter.flush()
        if self.finder is None:
            return split
        found = self.finder.add(split.content)
        if found.content:
            return Delta(content=found.content, thinking=split.thinking)
        rest = self.finder.flush() if done and not found.calls else ""
        return Delta(content=rest, thinking=split.thinking, calls=found.calls)
