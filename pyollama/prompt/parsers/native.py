"""The parser of models that run on the GGUF's own chat template.

llama.cpp finds the forms of thinking and of calls by trying the template; here the form that most
templates follow is known by its tags.
"""

from pyollama.prompt.delta import Delta
from pyollama.prompt.parsers.base import Parser, Start
from pyollama.prompt.thinking import ThinkingSplitter
from pyollama.prompt.toolcalls import CLOSING, OPENING, ToolCallCollector

__all__ = ["NativeParser"]

TAGS = ("<think>", "</think>")


class NativeParser(Parser):
    """Thinking as it comes; all calls together at the end.

    template: source of the chat template
    thinks: whether thinking is to be split off
    prompt: what the model goes on from
    """

    preserved = (*TAGS, OPENING, CLOSING)

    def __init__(self, start: Start, template: str, prompt: str, *, thinks: bool) -> None:
        super().__init__(start)
        opened = prompt.rstrip().endswith(TAGS[0])
        self.splitter = ThinkingSplitter(*TAGS, opened=opened) if thinks else None
        has_calls = bool(start.tools) and OPENING in template
        self.collector = ToolCallCollector() if has_calls else None

    def add(self, text: str, *, done: bool) -> Delta:
        """Calls are complete with the last text."""
        split = self.splitter.push(text) if self.splitter else Delta(content=text)
        if done and self.splitter:
            split += self.splitter.flush()
        if self.collector is None:
            return split
        content = self.collector.push(split.content)
        if not done:
            return Delta(content=content, thinking=split.thinking)
        content += self.collector.flush()
        return Delta(content, split.thinking, tuple(self.collector.calls))
