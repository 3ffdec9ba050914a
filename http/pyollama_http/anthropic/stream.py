"""A streamed answer: events that begin, continue and end its blocks one after another."""

from collections.abc import Iterator, Mapping
from typing import Any

from pyollama.api import ChatResponse, ToolCall
from pyollama.errors import PyollamaError
from pyollama_http import gojson, responses, sse
from pyollama_http.anthropic.answer import stop_reason_of, tool_use, usage_of
from pyollama_http.anthropic.dialect import ANTHROPIC
from pyollama_http.anthropic.search import Searched
from pyollama_http.anthropic.wire import (
    Block,
    ContentBlockDelta,
    ContentBlockStart,
    ContentBlockStop,
    Event,
    InputJSONDelta,
    MessageDelta,
    MessageStart,
    MessageStop,
    StartedMessage,
    Stopped,
    TextBlock,
    TextDelta,
    ThinkingBlock,
    ThinkingDelta,
    Usage,
)
from pyollama_http.errors import status_of

__all__ = ["MessageEvents"]

MISNAMED = {"content-type": responses.NDJSON}  # where Ollama declares the search of the web


class MessageEvents:
    """The frames of a stream; see streams.Frames.

    estimate: tokens that the prompt may have
    """

    def __init__(self, id: str, model: str, estimate: int, *, strict: bool, searches: bool) -> None:
        self.id = id
        self.model = model
        self.estimate = estimate
        self.strict = strict
        kind = MISNAMED if strict and searches else sse.HEADERS
        self.headers: Mapping[str, str] = {**kind, **sse.KEPT_ALIVE}
        self.has_begun = False
        self.is_over = False
        self.open: type[Block] | None = None  # the kind of block that goes on
        self.index = 0
        self.has_thought = False  # and told it: what it thinks later is dropped
        self.called: set[str] = set()  # ids of calls

    def event(self, event: ChatResponse | Searched) -> bytes:
        """The frames for a native event, or for what was searched."""
        return _frames(self._events(event))

    def end(self) -> bytes:
        """Nothing, if the last event was one; else the end of an answer that was cut short."""
        if self.is_over or self.strict:
            return b""
        return _frames([*self._started(0), *self._ended("", Usage(0, 0))])

    def failure(self, error: PyollamaError) -> bytes:
        """The error; nothing in Ollama."""
        if self.strict:
            return b""
        return sse.frame(ANTHROPIC.event(str(error), status_of(error)), "error")

    def _events(self, event: ChatResponse | Searched) -> Iterator[Event]:
        """All that an event says."""
        if isinstance(event, Searched):
            yield from self._started(0)
            yield from self._whole_blocks(event.blocks)
            yield from self._ended(event.stop_reason, event.usage)
            return
        yield from self._started(event.prompt_eval_count)
        yield from self._said(event)
        if event.done:
            reason = stop_reason_of(event.done_reason, has_calls=bool(self.called))
            yield from self._ended(reason, usage_of(event))

    def _started(self, n_prompt: int) -> Iterator[Event]:
        """The beginning, once."""
        if self.has_begun:
            return
        self.has_begun = True
        usage = Usage(n_prompt or self.estimate, 0)
        message = StartedMessage(self.id, "message", "assistant", self.model, [], usage)
        yield MessageStart(message=message)

    def _said(self, event: ChatResponse) -> Iterator[Event]:
        """Thoughts, text, calls."""
        message = event.message
        if message.thinking and not self.has_thought:
            thinking = ThinkingDelta(thinking=message.thinking)
            yield from self._piece(ThinkingBlock(thinking=""), thinking)
        if message.content:
            yield from self._piece(TextBlock(text=""), TextDelta(text=message.content))
        for call in message.tool_calls:
            if call.id not in self.called:
                self.called.add(call.id)
                yield from self._call(call)

    def _piece(self, block: Block, delta: TextDelta | ThinkingDelta) -> Iterator[Event]:
        """More of a block, which is begun if another goes on."""
        if self.open is not type(block):
            yield from self._closed()
            self.open = type(block)
            yield ContentBlockStart(index=self.index, content_block=block)
        yield ContentBlockDelta(index=self.index, delta=delta)

    def _closed(self) -> Iterator[Event]:
        """The end of the block that goes on, if one does."""
        if self.open is not None:
            self.has_thought |= self.open is ThinkingBlock
            self.open = None
            yield self._stop()

    def _stop(self) -> Event:
        """The end of a block; the next one gets the next number."""
        self.index += 1
        return ContentBlockStop(index=self.index - 1)

    def _call(self, call: ToolCall) -> Iterator[Event]:
        """A call, its arguments in one piece."""
        yield from self._closed()
        block = tool_use(call)
        arguments = InputJSONDelta(partial_json=gojson.map_text(block.input))
        block.input = {}
        yield ContentBlockStart(index=self.index, content_block=block)
        yield ContentBlockDelta(index=self.index, delta=arguments)
        yield self._stop()

    def _whole_blocks(self, blocks: list[Block]) -> Iterator[Event]:
        """Blocks that are complete when they begin, but for text."""
        yield from self._closed()
        for block in blocks:
            start = TextBlock(text="") if isinstance(block, TextBlock) else block
            yield ContentBlockStart(index=self.index, content_block=start)
            if isinstance(block, TextBlock):
                yield ContentBlockDelta(index=self.index, delta=TextDelta(text=block.text))
            yield self._stop()

    def _ended(self, reason: str, usage: Usage) -> Iterator[Event]:
        """The end of all."""
        self.is_over = True
        yield from self._closed()
        yield MessageDelta(delta=Stopped(reason), usage=usage)
        yield MessageStop()


def _frames(events: Any) -> bytes:
    """Events as bytes, each under its name."""
    return b"".join(sse.frame(event, event.type) for event in events)
