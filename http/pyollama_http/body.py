"""Reading the body of a request: bounded, and decoded away from the event loop if it is long."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from msgspec import Struct
from starlette.requests import ClientDisconnect, Request

from pyollama.errors import RequestCanceled
from pyollama_http import gojson
from pyollama_http.errors import BodyTooLarge
from pyollama_http.gojson.scanner import MISSING_BODY, n_values
from pyollama_http.memory import FREE, MAX_VALUES, booking

__all__ = ["MAX_BODY", "decoded", "decoded_body", "read_body"]

MAX_BODY = 256 << 20  # bytes, unless the application is made with another limit
SHORT = 8 << 10  # bytes that are decoded at once, whatever they hold, in less than a tenth second
LONG = FREE  # bytes that can take longer than anybody should hold a thread that all share

# Some take half a minute if they are made to. They must not hold the threads that others need.
DECODERS = ThreadPoolExecutor(2, thread_name_prefix="decoder")

T = TypeVar("T", bound=Struct)


async def decoded(request: Request, kind: type[T]) -> T:
    """The typed request; DecodeError, or BodyTooLarge beyond the limits of bytes and values."""
    body = await read_body(request, request.app.state.max_body)
    return await decoded_body(request, kind, body)


async def decoded_body(
    request: Request, kind: type[T], body: bytes, if_empty: str = MISSING_BODY
) -> T:
    """The typed request of a body that has been read; if_empty are the words if it is empty."""
    if len(body) < SHORT:
        return gojson.decode(kind, body, if_empty)
    if len(body) < LONG:
        return await asyncio.to_thread(gojson.decode, kind, body, if_empty)
    loop = asyncio.get_running_loop()
    call, n_value = await loop.run_in_executor(DECODERS, _decoded, kind, body, if_empty)
    booking(request).settle(body, n_value)
    return call


def _decoded(kind: type[T], body: bytes, if_empty: str) -> tuple[T, int]:
    """The request of a long body, once its values are counted; and how many there are at most."""
    n_value = n_values(body, MAX_VALUES)
    if n_value > MAX_VALUES:
        raise BodyTooLarge(f"http: request body has more than {MAX_VALUES} values")
    return gojson.decode(kind, body, if_empty), n_value


async def read_body(request: Request, limit: int) -> bytes:
    """All of the body, once there is memory for it; ServerBusy if there is none for too long.

    BodyTooLarge as soon as it is known to be longer than the limit.
    """
    stated = request.headers.get("content-length", "0")
    if len(stated) > 18 or int(stated) > limit:  # the server has checked that it is a number
        raise BodyTooLarge("http: request body too large")
    covered = int(stated)
    await booking(request).cover(covered)
    chunks: list[bytes] = []
    size = 0
    try:
        async for chunk in request.stream():
            size += len(chunk)
            if size > limit:
                raise BodyTooLarge("http: request body too large")
            if size > covered:  # a body of unknown length
                covered = min(2 * size, limit)
                await booking(request).cover(covered)
            chunks.append(chunk)
    except ClientDisconnect as error:
        raise RequestCanceled("request canceled") from error
    return joined(chunks) if size < LONG else await asyncio.to_thread(joined, chunks)


def joined(chunks: list[bytes]) -> bytes:
    """The chunks as one; while many bytes are copied, other threads run."""
    return b"".join(chunks)
