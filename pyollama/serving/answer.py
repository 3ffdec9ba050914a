"""An answer on its way to the client: pieces of text become typed events, then the last one.

An Answer is an async iterator that must be closed: closing it stops the generation and gives the
model back, whether or not the first event was ever asked for.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
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


def tell_cost(final: Final, stats: Stats, clock: Clock) -> None:
    """Put the statistics of an answer into its final event."""
    final.total_duration = clock.total_duration
    final.load_duration = clock.load_duration
    final.prompt_eval_count = stats.prompt_eval_count
    final.prompt_eval_duration = stats.prompt_eval_duration
    final.eval_count = stats.eval_count
    final.eval_duration = stats.eval_duration


class Form(Protocol[R]):
    """How an endpoint dresses text, and the end of it."""

    def text(self, text: str, logprobs: Sequence[TokenLogprob]) -> list[R]:
        """The events for some more text; none while it is held back.

        logprobs: of its tokens, if they are wanted.
        """

    async def end(self, reason: DoneReason, stats: Stats, clock: Clock) -> list[R]:
        """What was held back, and the final event."""


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


class Answer(Generic[R]):
    """The events of one generation. The model is given back when the runner is done with it."""

    def __init__(
        self,
        lease: Lease,
        generation: Generation,
        pieces: PieceQueue,
        form: Form[R],
        clock: Clock,
    ) -> None:
        self.lease = lease
        self.generation = generation
        self.pieces = pieces
        self.form = form
        self.clock = clock
        self.ready: deque[R] = deque()
        self.ended = False
        lease.loaded.runner.submit(generation)

    def __aiter__(self) -> "Answer[R]":
        return self

    async def __anext__(self) -> R:
        while not self.ready:
            if self.ended:
                raise StopAsyncIteration
            await self._take(await self.pieces.get())
        return self.ready.popleft()

    async def _take(self, piece: Piece) -> None:
        self.ended = piece.is_last
        if piece.error is not None:
            raise piece.error
        if piece.text:
            self.ready.extend(self.form.text(piece.text, piece.logprobs))
        if piece.done_reason is not None:
            stats = self.generation.request.stats
            self.ready.extend(await self.form.end(piece.done_reason, stats, self.clock))

    async def aclose(self) -> None:
        """Stop generating if there is more to come, and give the model back."""
        if not self.ended:
            self.ended = True
            self.lease.loaded.runner.cancel(self.generation)
            self.lease.release()


class Refused(Generic[R]):
    """An answer whose first event is an error: what the engine refuses once it is asked to run."""

    def __init__(self, error: PyollamaError) -> None:
        self.error: PyollamaError | None = error

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
