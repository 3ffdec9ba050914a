"""Answers that a model generates: /api/generate and /api/chat."""

from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import TypeVar

from starlette.requests import Request
from starlette.responses import Response

from pyollama.api import ChatRequest, ChatResponse, GenerateRequest, GenerateResponse
from pyollama_http import responses
from pyollama_http.body import decoded
from pyollama_http.joined import collected, joined_message, joined_text
from pyollama_http.parts import parts
from pyollama_http.streams import closing, ndjson, unless_gone

__all__ = ["chat", "generate"]

R = TypeVar("R", GenerateResponse, ChatResponse)


async def generate(request: Request) -> Response:
    """POST /api/generate: one JSON object per line (NDJSON), or one object if stream is false."""
    call = await decoded(request, GenerateRequest)
    serving = await parts(request).serving()
    return await _answer(request, call.stream, serving.generate(call), joined_text)


async def chat(request: Request) -> Response:
    """POST /api/chat: one JSON object per line (NDJSON), or one object if stream is false."""
    call = await decoded(request, ChatRequest)
    serving = await parts(request).serving()
    join = partial(joined_message, had_tools=bool(call.tools))
    return await _answer(request, call.stream, serving.chat(call), join)


async def _answer(
    request: Request,
    stream: bool | None,
    started: Awaitable[AsyncIterator[R]],
    join: Callable[[list[R]], R],
) -> Response:
    """Start the work, where what can fail before the first byte fails, and send what comes."""
    events = await unless_gone(request, started)
    if stream is not False:
        return await ndjson(request, events, is_single)
    async with closing(events):
        found = await unless_gone(request, collected(events))
    return responses.answer(join(found))


def is_single(event: GenerateResponse | ChatResponse) -> bool:
    """Whether the event is a whole answer: of a load, an unload or a rendered prompt."""
    return event.done_reason in ("load", "unload") or event.debug_info is not None
