"""A file, or a part of it, as an answer: a piece at a time, as fast as the client takes it."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from pyollama.errors import RequestCanceled
from pyollama.stepwise import in_thread
from pyollama.store.errors import StoreError, refusals
from pyollama_http.registry.errors import response_of
from pyollama_http.streams import closing, unless_gone

__all__ = ["FileResponse"]

PIECE = 256 << 10  # bytes that are read in one go; a connection holds two pieces in memory at most

# A disk that takes its time must not hold the threads that other requests need.
READERS = ThreadPoolExecutor(4, thread_name_prefix="reader")


class FileResponse(Response):
    """The bytes of a span of a file, whose length is told; the file is open while they are sent."""

    def __init__(self, path: Path, span: range, status: int, headers: Mapping[str, str]) -> None:
        length = {"content-length": str(len(span))}
        super().__init__(None, status, {**headers, **length})
        self.path = path
        self.span = span

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until the end of the span or of the client's patience; for HEAD the headers."""
        if scope["method"] == "HEAD":
            await super().__call__(scope, receive, send)
            return
        with suppress(RequestCanceled):
            await unless_gone(Request(scope, receive), self._send(send))

    async def _send(self, send: Send) -> None:
        """Send the headers, once it is clear that the file can be read, and then the bytes."""
        async with closing(in_thread(pieces(self.path, self.span), READERS)) as read:
            try:
                piece = await anext(read, None)
            except StoreError as error:
                await self._refuse(error, send)
                return
            await send(
                {
                    "type": "http.response.start",
                    "status": self.status_code,
                    "headers": self.raw_headers,
                }
            )
            while piece is not None:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
                piece = await anext(read, None)
        await send({"type": "http.response.body", "body": b""})

    async def _refuse(self, error: StoreError, send: Send) -> None:
        """Send the answer for a file that cannot be read."""
        refusal = response_of(error)
        start = {"type": "http.response.start", "status": refusal.status_code}
        await send({**start, "headers": refusal.raw_headers})
        await send({"type": "http.response.body", "body": refusal.body})


def pieces(path: Path, span: range) -> Iterator[bytes]:
    """The bytes of a span, in pieces; StoreError if the disk refuses them, or there are fewer."""
    with refusals("read", path), path.open("rb", buffering=0) as file:
        file.seek(span.start)
        left = len(span)
        while left:
            piece = file.read(min(left, PIECE))
            if not piece:
                raise StoreError(f"{path} has lost its last {left} bytes")
            left -= len(piece)
            yield piece
