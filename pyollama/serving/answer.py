"""An answer on its way to the client: pieces of text become typed events, then the last one.

An Answer is an async iterator that must be closed: closing it stops the generation and gives the
model back, whether or not the first event was ever asked for.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from pyollama.engine import DoneReason, Stats
from pyollama.errors import PyollamaError
from pyollama.sampling.logprobs import TokenLogprob
from pyollama.serving.generation import Generation, Piece
from pyollama.serving.slot import Lease

R = TypeVar("R")


@dataclass(frozen=True)
class Clock:
    """When a request arrived and when its model was ready, in nanoseconds of perf_counter."""

    arrived: int
    ready: int

    @property
    def load_duration(self) -> int:
        """From arrival until the runner was ready."""
        return self.ready - self.arrived

    @property
    def total_duration(self) -> int:
        """From arrival until now."""
        return time.perf_counter_ns() - self.arrived


class Final(Protocol):
    """A final event, in so far as it tells what the answer has cost; times in nanoseconds."""

    total_duration: int
    load_duration: int
    prompt_eval_count: int
    prompt_eval_duration: int
    eval_count: int
    eval_duration: int
    prompt_tokens_dropped: int


def tell_cost(final: Final, stats: Stats, clock: Clock) -> None:
    """Put the statistics of an answer into its final event."""
    final.total_duration = clock.total_duration
    final.load_duration = clock.load_duration
    final.prompt_eval_count = stats.prompt_eval_count
    final.prompt_eval_duration = stats.prompt_eval_duration
    final.eval_count = stats.eval_count
    final.eval_duration = stats.eval_duration
    final.prompt_tokens_dropped = stats.prompt_tokens_dropped


class Form(Protocol[R]):
    """How an endpoint dresses text, and the end of it."""

    def text(self, text: str, logprobs: Sequence[TokenLogprob]) -> list[R]:
        """The events for some more text; none while it is held back.

        logprobs: of its tokens, if they are wanted.
        """

    async def end(self, reason: DoneReason, stats: Stats, clock: Clock) -> list[R]:
        """What was held back, and the final event."""


class ThinkingForm(Form[R], Protocol[R]):
    """A form that may ask for a second pass."""

    def take_thoughts(self) -> str:
        """What was thought, once, when the answer proper is to begin; "" at any other time."""


class PieceQueue:
    """Carries pieces from the runner's thread to the event loop.

    ended: called there when the last piece has arrived, whether or not anybody reads it
    """

    def __init__(self, ended: Callable[[], None]) -> None:
        self.ended = ended
        self.loop = asyncio.get_running_loop()
        self.queue: asyncio.Queue[Piece] = asyncio.Queue()

    def deliver(self, piece: Piece) -> None:
        """Called in the runner's thread; a loop that has been closed wants nothing any more."""
        if not self.loop.is_closed():
            self.loop.call_soon_threadsafe(self._arrive, piece)

    def _arrive(self, piece: Piece) -> None:
        if piece.is_last:
            self.ended()
        self.queue.put_nowait(piece)

    async def get(self) -> Piece:
        """The next piece."""
        return await self.queue.get()


@dataclass(frozen=True)
class Pass:
    """One run of the engine, and where what it says arrives."""

    generation: Generation
    pieces: PieceQueue


Second = Callable[[str], Awaitable[Pass]]


class Answer(Generic[R]):
    """The events of one generation. The model is given back when the runner is done with it.

    second: makes a second pass out of what was thought in the first, which the form asks for
    """

    def __init__(
        self,
        lease: Lease,
        first: Pass,
        form: ThinkingForm[R],
        clock: Clock,
        second: Second | None = None,
    ) -> None:
        self.lease = lease
        self.run = first
        self.form = form
        self.clock = clock
        self.second = second
        self.ready: deque[R] = deque()
        self.ended = False
        lease.loaded.runner.submit(first.generation)

    def __aiter__(self) -> "Answer[R]":
        return self

    async def __anext__(self) -> R:
        while not self.ready:
            if self.ended:
                raise StopAsyncIteration
            await self._take(await self.run.pieces.get())
        return self.ready.popleft()

    async def _take(self, piece: Piece) -> None:
        if piece.error is not None:
            self._end()
            raise piece.error
        if piece.text:
            self.ready.extend(self.form.text(piece.text, piece.logprobs))
            if self.second is not None and (thoughts := self.form.take_thoughts()):
                await self._begin_second(thoughts, self.second)
                return
        if piece.is_last:
            self._end()
        if piece.done_reason is not None:
            stats = self.run.generation.request.stats
            self.ready.extend(await self.form.end(piece.done_reason, stats, self.clock))

    async def _begin_second(self, thoughts: str, second: Second) -> None:
        """Drop what the first pass still says, and run the second."""
        self.second = None
        self.lease.loaded.runner.cancel(self.run.generation)
        self.run = await second(thoughts)
        self.lease.loaded.runner.submit(self.run.generation)

    def _end(self) -> None:
        """The runner is done; only after a first pass the model was not given back yet."""
        self.ended = True
        if self.second is not None:
            self.lease.release()

    async def aclose(self) -> None:
        """Stop generating if there is more to come, and give the model back."""
        if not self.ended:
            self.ended = True
            self.lease.loaded.runner.cancel(self.run.generation)
            self.lease.release()


class Refused(Generic[R]):
    """An answer whose first event is an error: what the engine refuses once it is asked to run.

    The error forgets where it was raised, since that holds the prompt with all its tokens.
    """

    def __init__(self, error: PyollamaError) -> None:
        self.error: PyollamaError | None = error.with_traceback(None)

    def __aiter__(self) -> "Refused[R]":
        return self

    async def __anext__(self) -> R:
        error, self.error = self.error, None
        if error is None:
            raise StopAsyncIteration
        raise error

    async def aclose(self) -> None:
        """Nothing is held."""
        self.error = None


class Single(Generic[R]):
    """An answer of one event that is known already: a load, an unload, a rendered prompt."""

    def __init__(self, event: R) -> None:
        self.event: R | None = event

    def __aiter__(self) -> "Single[R]":
        return self

    async def __anext__(self) -> R:
        event, self.event = self.event, None
        if event is None:
            raise StopAsyncIteration
        return event

    async def aclose(self) -> None:
        """Nothing is held."""
        self.event = None
