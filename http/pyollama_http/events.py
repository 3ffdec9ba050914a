"""Native events on their way to another form.

These are classes and no generators, since a generator that was never asked for anything does not
run its ``finally``: closing them must free the model in any case.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, Generic, Protocol, TypeVar

__all__ = ["Changed", "Events", "Merged"]

E = TypeVar("E")
E_co = TypeVar("E_co", covariant=True)


class Events(Protocol[E_co]):
    """An async iterator that is closed by whoever has it."""

    def __aiter__(self) -> AsyncIterator[E_co]:
        """The events themselves."""

    async def __anext__(self) -> E_co:
        """The next event."""

    async def aclose(self) -> None:
        """Stop the work behind them."""


class Changed(Generic[E]):
    """Events that are each turned into some others by a function."""

    def __init__(self, events: Events[E], change: Callable[[E], Sequence[E]]) -> None:
        self.events = events
        self.change = change
        self.waiting: deque[E] = deque()

    def __aiter__(self) -> "Changed[E]":
        return self

    async def __anext__(self) -> E:
        """The next event."""
        while not self.waiting:
            self.waiting.extend(self.change(await anext(self.events)))
        return self.waiting.popleft()

    async def aclose(self) -> None:
        """Close what is behind."""
        await self.events.aclose()


class Merged(Generic[E]):
    """The events of several answers as they come, each with the number of its answer."""

    def __init__(self, answers: Sequence[Events[E]]) -> None:
        self.answers = answers
        self.next: dict[asyncio.Future[E | None], int] = {}
        self.begun = False

    def __aiter__(self) -> "Merged[E]":
        return self

    async def __anext__(self) -> tuple[int, E]:
        """The next event of any answer."""
        if len(self.answers) == 1:
            return 0, await anext(self.answers[0])
        if not self.begun:
            self.begun = True
            for index in range(len(self.answers)):
                self._ask(index)
        while self.next:
            done, _ = await asyncio.wait(self.next, return_when=asyncio.FIRST_COMPLETED)
            task = min(done, key=self.next.__getitem__)
            index = self.next.pop(task)
            event = task.result()
            if event is not None:
                self._ask(index)
                return index, event
        raise StopAsyncIteration

    def _ask(self, index: int) -> None:
        """Wait for the next event of an answer."""
        coming: Any = anext(self.answers[index], None)
        self.next[asyncio.ensure_future(coming)] = index

    async def aclose(self) -> None:
        """Close all answers, whatever happens to one of them."""
        for task in self.next:
            task.cancel()
        # One may fail while it unwinds, and nobody waits for it any more.
        await asyncio.gather(*self.next, return_exceptions=True)
        await _close(list(self.answers))


async def _close(answers: list[Events[E]]) -> None:
    """Close each, the last one first."""
    while answers:
        await answers.pop().aclose()
