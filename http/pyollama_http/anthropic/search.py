"""Answers within which the model searches the web; see pyollama_http.web_search.

What the model says before its first search is passed on as it comes. The search and all that
follows come as one event at the end.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field

from msgspec.structs import replace

from pyollama.api import ChatResponse
from pyollama_http.anthropic.answer import blocks_of, stop_reason_of, usage_of
from pyollama_http.anthropic.wire import (
    Block,
    ServerToolUseBlock,
    Usage,
    WebSearchResult,
    WebSearchToolResultBlock,
    WebSearchToolResultError,
)
from pyollama_http.events import Events
from pyollama_http.joined import joined_message
from pyollama_http.web_search import (
    NAME,
    Failed,
    Found,
    Reply,
    Result,
    Step,
    search_call,
)

__all__ = ["Searched", "SearchingAnswer"]


@dataclass
class Searched:
    """The end of an answer: what was searched and found, and what the model says to it.

    id: of the message, from which those of the searches are made
    """

    id: str
    usage: Usage
    blocks: list[Block] = field(default_factory=list)
    stop_reason: str = "end_turn"

    def add(self, step: Step) -> None:
        """Take a step of the searching."""
        match step:
            case Found(number, query, results):
                self.blocks += _search(self._name(number), query, _pages(results))
            case Reply(reply):
                self._count(reply)
                self._conclude(reply)
            case Failed(number, query, code):
                self._fail(number, query, code)

    def _conclude(self, reply: ChatResponse) -> None:
        """The last reply is the rest of the answer."""
        calls = reply.message.tool_calls
        if search_call(calls) is None:
            self.blocks += blocks_of(reply.message)
            self.stop_reason = stop_reason_of(reply.done_reason, has_calls=bool(calls))

    def _fail(self, number: int, query: str, code: str) -> None:
        """A search that found nothing is all that is told; the fourth, beside the three others."""
        if code != "max_uses_exceeded":
            self.blocks, number = [], 1
        error = WebSearchToolResultError(error_code=code)
        self.blocks += _search(self._name(number), query, error)

    def _name(self, number: int) -> str:
        """The id of a search."""
        digits = self.id.partition("_")[2]
        return f"srvtoolu_{digits}" + (f"_{number}" if number > 1 else "")

    def _count(self, reply: ChatResponse) -> None:
        usage = usage_of(reply)
        self.usage = Usage(
            self.usage.input_tokens + usage.input_tokens,
            self.usage.output_tokens + usage.output_tokens,
        )


def _search(
    id: str, query: str, content: list[WebSearchResult] | WebSearchToolResultError | None
) -> list[Block]:
    """The two blocks of a search."""
    return [
        ServerToolUseBlock(id=id, name=NAME, input={"query": query}),
        WebSearchToolResultBlock(tool_use_id=id, content=content),
    ]


def _pages(results: Sequence[Result]) -> list[WebSearchResult] | None:
    """What was found; None if nothing was, as in Ollama."""
    return [WebSearchResult(url=each.url, title=each.title) for each in results] or None


class SearchingAnswer:
    """The events of an answer, and at their end Searched if the model calls for a search.

    follow: the steps that follow on the reply
    """

    def __init__(
        self,
        id: str,
        events: Events[ChatResponse],
        follow: Callable[[ChatResponse], AsyncIterator[Step]],
    ) -> None:
        self.id = id
        self.events = events
        self.follow = follow
        self.seen: list[ChatResponse] = []
        self.searches = False
        self.is_over = False

    def __aiter__(self) -> "SearchingAnswer":
        return self

    async def __anext__(self) -> ChatResponse | Searched:
        """The next event of the first reply, until it calls for a search."""
        if self.is_over:
            raise StopAsyncIteration
        if self.searches:
            return await self._searched()
        event = await anext(self.events)
        self.seen.append(event)
        if search_call(event.message.tool_calls) is None:
            return event
        self.searches = True
        said = replace(event.message, tool_calls=[])
        if said.content or said.thinking:
            return replace(event, message=said, done=False, done_reason="")
        return await self._searched()

    async def _searched(self) -> Searched:
        """Wait for the end of the reply, since it tells the tokens, and search."""
        self.is_over = True
        self.seen += [event async for event in self.events]
        reply = joined_message(self.seen, had_tools=True)
        searched = Searched(self.id, usage_of(reply))
        async for step in self.follow(reply):
            searched.add(step)
        return searched

    async def aclose(self) -> None:
        """Close what is behind."""
        await self.events.aclose()
