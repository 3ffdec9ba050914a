"""Answers that arrive piece by piece, and clients that leave before the end.

Every iterator of events is closed in a ``finally``: that is what frees the model when the client
goes away, within one step of the engine.
"""

import asyncio
from asyncio import CancelledError
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from types import TracebackType
from typing import Any, Protocol, TypeVar

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from pyollama.errors import PyollamaError, RequestCanceled
from pyollama_http import gojson, responses
from pyollama_http.errors import status_of

__all__ = ["EventStream", "Frames", "all_of", "begun", "closing", "ndjson", "unless_gone"]

T = TypeVar("T")
E = TypeVar("E", contravariant=True)


@asynccontextmanager
async def closing(events: AsyncIterator[T]) -> AsyncIterator[AsyncIterator[T]]:
    """Close the iterator at the end, if it can be closed."""
    try:
        yield events
    finally:
        close = getattr(events, "aclose", None)
        if close is not None:
            await close()


async def unless_gone(request: Request, work: Awaitable[T]) -> T:
    """Wait for the work; if the client leaves first, cancel it and raise RequestCanceled.

    The body of the request must have been read: after it only the departure is left to receive.
    """
    with Attended(request.receive):
        return await work


class Attended:
    """A block that is cancelled when the client leaves, and then raises RequestCanceled.

    It runs in the task that it stands in, as with asyncio.timeout: a request has enough of them.
    """

    def __init__(self, receive: Receive) -> None:
        self.receive = receive
        self.has_left = False

    def __enter__(self) -> None:
        """Begin to watch."""
        task = asyncio.current_task()
        assert task is not None
        self.task, self.n_before = task, task.cancelling()
        self.watch = asyncio.ensure_future(_departure(self.receive))
        self.watch.add_done_callback(self._stop)

    def _stop(self, watch: "asyncio.Future[None]") -> None:
        if not watch.cancelled():
            watch.exception()  # whatever it may be, nothing more will be received
        self.has_left = True
        self.task.cancel()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Tell a departure from a cancellation that comes from elsewhere, which goes on."""
        self.watch.remove_done_callback(self._stop)
        self.watch.cancel()
        if self.has_left and self.task.uncancel() <= self.n_before and kind is CancelledError:
            raise RequestCanceled("request canceled") from None


async def _departure(receive: Receive) -> None:
    """Return when the client has gone."""
    while (await receive())["type"] != "http.disconnect":
        continue


class Frames(Protocol[E]):
    """How events look on the wire."""

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers of the answer."""

    def event(self, event: E) -> bytes:
        """The bytes for an event."""

    def end(self) -> bytes:
        """What follows the last event."""

    def failure(self, error: PyollamaError) -> bytes:
        """What stands in the place of the rest when the work fails."""


class Lines:
    """NDJSON: one JSON object per line; an error is one more line, and the last."""

    headers: Mapping[str, str] = {"content-type": responses.NDJSON}

    def event(self, event: Any) -> bytes:
        """A line."""
        return gojson.encode(event) + b"\n"

    def end(self) -> bytes:
        """Nothing: the last event says that it is."""
        return b""

    def failure(self, error: PyollamaError) -> bytes:
        """A line."""
        return gojson.encode(responses.error_object(str(error))) + b"\n"


async def ndjson(
    request: Request,
    events: AsyncIterator[Any],
    is_single: Callable[[Any], bool] = lambda event: False,
) -> Response:
    """One JSON object per line, sent as soon as it exists.

    Waits for the first event. An error in its place is an answer with the error's own status, and
    an event that is_single picks out is an ordinary answer by itself. The events are closed in
    every case.
    """
    try:
        first = await begun(request, events)
    except PyollamaError as error:
        return responses.error(str(error), status_of(error), responses.JSON_OF_STREAM)
    if first is not None and is_single(first):
        async with closing(events):
            return responses.answer(first)
    return EventStream(first, events, Lines())


async def begun(request: Request, events: AsyncIterator[T]) -> T | None:
    """The first event, or None if there are none; they are closed if there is an error instead."""
    try:
        return await unless_gone(request, _next(events))
    except BaseException:
        async with closing(events):
            raise


async def all_of(request: Request, events: AsyncIterator[T]) -> list[T]:
    """All events; they are closed at the end, whatever that is."""
    async with closing(events):
        return await unless_gone(request, _all(events))


async def _all(events: AsyncIterator[T]) -> list[T]:
    return [event async for event in events]


async def _next(events: AsyncIterator[T]) -> T | None:
    """The next event, or None at the end."""
    return await anext(events, None)


class EventStream(Response):
    """A response that arrives in frames; the first event, if there is one, is known already."""

    def __init__(self, first: E | None, events: AsyncIterator[E], frames: Frames[E]) -> None:
        super().__init__(None, headers=frames.headers)
        del self.headers["content-length"]
        self.first = first
        self.events = events
        self.frames = frames

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until the events or the client's patience end."""
        async with closing(self.events):
            with suppress(RequestCanceled), Attended(receive):
                await self._send(send)

    async def _send(self, send: Send) -> None:
        """Send the headers, the frames, and the end."""
        start = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
        await send(start)
        async for frame in self._frames():
            if frame:
                await send({"type": "http.response.body", "body": frame, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    async def _frames(self) -> AsyncIterator[bytes]:
        """Each event as a frame, and what ends them."""
        try:
            if self.first is not None:
                yield self.frames.event(self.first)
            async for event in self.events:
                yield self.frames.event(event)
            yield self.frames.end()
        except PyollamaError as error:
            yield self.frames.failure(error)
