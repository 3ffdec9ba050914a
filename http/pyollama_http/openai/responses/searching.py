"""An answer in whose course the model searches the web: native events, with the searches between.

What the model says before a search comes as it is made, and after one all at once. Its calls are
held back until it has ended, since among them may be that of the search.
"""

from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from pyollama.api import ChatResponse, ToolCall
from pyollama_http.events import Events
from pyollama_http.joined import joined_message
from pyollama_http.web_search import NAME, Failed, Found, Reply, Searching, Step, search_call

__all__ = ["Event", "OtherCalls", "WithSearches"]


@dataclass(frozen=True)
class OtherCalls:
    """Calls of the client's tools that came with the call of a search."""

    calls: Sequence[ToolCall]


Event = ChatResponse | Searching | Found | OtherCalls


class WithSearches:
    """The events of the answer; those of the first reply are not asked for before the first is.

    start: begins the first reply
    follow: tells what follows on a reply; see web_search.searches
    The last event has the tokens of all replies, and others those so far.
    """

    def __init__(
        self,
        start: Callable[[], Awaitable[Events[ChatResponse]]],
        follow: Callable[[ChatResponse], AsyncIterator[Step]],
    ) -> None:
        self.start = start
        self.follow = follow
        self.events: Events[ChatResponse] | None = None
        self.steps: AsyncIterator[Step] | None = None
        self.first: list[ChatResponse] = []
        self.reply: ChatResponse | None = None
        self.waiting: deque[Event] = deque()
        self.counts = (0, 0)

    def __aiter__(self) -> "WithSearches":
        return self

    async def __anext__(self) -> Event:
        """The next event. Raises the reason why a search failed."""
        while not self.waiting:
            if self.steps is None:
                await self._listen()
            else:
                self._take(await anext(self.steps))
        return self.waiting.popleft()

    async def aclose(self) -> None:
        """Stop the first reply, and what follows on it."""
        for open_events in (self.events, self.steps):
            close = getattr(open_events, "aclose", None)
            if close is not None:
                await close()

    async def _listen(self) -> None:
        """Hear some more of the first reply."""
        if self.events is None:
            self.events = await self.start()
        event = await anext(self.events)
        self.first.append(event)
        if event.done:
            whole = joined_message(self.first, had_tools=True)
            self.steps = self.follow(whole)
            self._end(event, whole)
        else:
            self._show(event)

    def _take(self, step: Step) -> None:
        """Go on by a step."""
        match step:
            case Failed():
                raise step.error
            case Reply():
                self._end(step.reply, step.reply)
            case Found():
                self.waiting.append(step)
                self._show_others()
            case Searching():
                self.waiting.append(step)

    def _end(self, event: ChatResponse, whole: ChatResponse) -> None:
        """A reply has ended by this event, and the answer too if it calls for no search."""
        self.reply = whole
        prompt, made = self.counts
        self.counts = (prompt + event.prompt_eval_count, made + event.eval_count)
        calls = whole.message.tool_calls
        if search_call(calls):
            self._show(replace(event, done=False, done_reason=""))
        else:
            self._show(event, calls)

    def _show(self, event: ChatResponse, calls: Sequence[ToolCall] = ()) -> None:
        """An event with the calls that are to be told with it."""
        message = replace(event.message, tool_calls=list(calls))
        prompt, made = self.counts
        self.waiting.append(
            replace(event, message=message, prompt_eval_count=prompt, eval_count=made)
        )

    def _show_others(self) -> None:
        """The calls that came with that of the search."""
        assert self.reply is not None
        calls = self.reply.message.tool_calls
        others = [call for call in calls if call.function.name != NAME]
        if others:
            self.waiting.append(OtherCalls(others))
