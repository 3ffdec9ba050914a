"""The output of a streamed answer: items that are complete, and those that are open."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from pyollama.api import ToolCall
from pyollama_http.openai.conversion import new_number
from pyollama_http.openai.responses import payloads
from pyollama_http.openai.responses.objects import (
    NUMBERS,
    function_call,
    message,
    reasoning,
    web_search_call,
)
from pyollama_http.openai.responses.payloads import Payload
from pyollama_http.openai.responses.wire import Item, WebSearchCall
from pyollama_http.web_search import Searching

__all__ = ["Output"]


@dataclass
class Growing:
    """An item whose text is still coming."""

    id: str
    pieces: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The text so far."""
        return "".join(self.pieces)


class Output:
    """Makes the events of the items. At any time one item is open, or none.

    strict: as in Ollama a message stays open while the model thinks again or calls tools, and its
        place in the output is taken by them; thoughts are no part of their item's summary, and
        OpenAI's helper for Node, which looks for the part, fails on them
    """

    def __init__(self, number: int, *, strict: bool) -> None:
        self.number = number
        self.strict = strict
        self.items: list[Item] = []
        self.index = 0  # of the item that is open or comes next
        self.reasoning: Growing | None = None
        self.message: Growing | None = None
        self.searching: WebSearchCall | None = None
        self.has_spoken = False
        self.is_over = False  # tools were called: what is said now is not told

    def think(self, text: str) -> Iterator[Payload]:
        """Some more thoughts."""
        if not text:
            return
        if not self.strict:
            yield from self._close_message()
        if self.reasoning is None:
            self.reasoning = Growing(f"rs_{new_number(NUMBERS)}")
            yield payloads.item_added(reasoning(self.reasoning.id, ""), self.index)
            if not self.strict:
                yield payloads.summary_part_added(self.reasoning.id, self.index)
        self.reasoning.pieces.append(text)
        yield payloads.thinking_delta(self.reasoning.id, self.index, text)

    def say(self, text: str) -> Iterator[Payload]:
        """Some more text."""
        if not text or self.is_over:
            return
        yield from self._close_reasoning()
        if self.message is None:
            self.message = Growing(self._message_id())
            yield payloads.item_added(message(self.message.id, ""), self.index)
            yield payloads.content_part_added(self.message.id, self.index)
        self.message.pieces.append(text)
        yield payloads.text_delta(self.message.id, self.index, text)

    def call(self, calls: Sequence[ToolCall]) -> Iterator[Payload]:
        """Calls, each whole."""
        if not calls:
            return
        yield from self._close_reasoning()
        if not self.strict:
            yield from self._close_message()
        batch = new_number(NUMBERS)
        for position, each in enumerate(calls):
            item = function_call(f"fc_{batch}_{position}", each)
            yield payloads.item_added(item, self.index)
            yield payloads.arguments_delta(item, self.index)
            yield payloads.arguments_done(item, self.index)
            yield self._complete(item)

    def search(self, search: Searching) -> Iterator[Payload]:
        """A search begins."""
        yield from self._close_reasoning()
        yield from self._close_message()
        item = web_search_call(f"ws_{self.number}_{search.number}", search.query)
        self.searching = item
        yield payloads.item_added(item, self.index)
        yield payloads.search_event("in_progress", item.id, self.index)
        yield payloads.search_event("searching", item.id, self.index)

    def found(self) -> Iterator[Payload]:
        """The search is over."""
        assert self.searching is not None
        yield payloads.search_event("completed", self.searching.id, self.index)
        yield self._complete(self.searching)

    def close(self) -> Iterator[Payload]:
        """The end of what is open."""
        yield from self._close_reasoning()
        if self.message is not None and self.strict and self.is_over:
            self.items.append(message(self.message.id, self.message.text))
        else:
            yield from self._close_message()

    def _close_reasoning(self) -> Iterator[Payload]:
        """The end of the thoughts, if they are open."""
        if self.reasoning is None:
            return
        grown, self.reasoning = self.reasoning, None
        yield payloads.thinking_done(grown.id, self.index, grown.text)
        if not self.strict:
            yield payloads.summary_part_done(grown.id, self.index, grown.text)
        yield self._complete(reasoning(grown.id, grown.text))

    def _close_message(self) -> Iterator[Payload]:
        """The end of the message, if it is open."""
        if self.message is None:
            return
        grown, self.message = self.message, None
        yield payloads.text_done(grown.id, self.index, grown.text)
        yield payloads.content_part_done(grown.id, self.index, grown.text)
        yield self._complete(message(grown.id, grown.text))

    def _complete(self, item: Item) -> Payload:
        """An item is complete, and the next one has the next place."""
        self.items.append(item)
        self.index += 1
        return payloads.item_done(item, self.index - 1)

    def _message_id(self) -> str:
        """The id of a message; those after the first tell their place in the output."""
        if self.has_spoken:
            return f"msg_{self.number}_{self.index}"
        self.has_spoken = True
        return f"msg_{new_number(NUMBERS)}"
