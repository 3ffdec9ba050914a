"""POST /v1/responses."""

import asyncio
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from pyollama.api import ChatRequest, ChatResponse
from pyollama_http import responses, sse
from pyollama_http.events import Events
from pyollama_http.openai.dialect import OPENAI
from pyollama_http.openai.responses.frames import ResponseFrames
from pyollama_http.openai.responses.native import native_request
from pyollama_http.openai.responses.searching import WithSearches
from pyollama_http.openai.responses.tools import has_search
from pyollama_http.openai.responses.types import ResponsesRequest
from pyollama_http.openai.responses.whole import whole_answer
from pyollama_http.openai.steering import choice_of
from pyollama_http.parts import parts
from pyollama_http.streams import EventStream, all_of, begun, unless_gone
from pyollama_http.tool_choice import AUTO, ToolChoice
from pyollama_http.translating import is_strict, translated
from pyollama_http.web_search import provider, searches

__all__ = ["create_response"]


@translated(OPENAI, ResponsesRequest, sse.KEPT_ALIVE)
async def create_response(request: Request, call: ResponsesRequest) -> Response:
    """POST /v1/responses."""
    strict = is_strict(request)
    native, first, choice = await asyncio.to_thread(_prepared, call, strict)
    serving = await parts(request).serving()

    async def start() -> Events[ChatResponse]:
        return choice.enforced(await serving.chat(first))

    if not has_search(call.tools):
        started: Events[Any] = await unless_gone(request, start())
        return await _answer(request, call, native, started)
    search = provider(request)
    return await _answer(
        request,
        call,
        native,
        WithSearches(start, lambda reply: searches(native, reply, serving.chat, search)),
    )


def _prepared(call: ResponsesRequest, strict: bool) -> tuple[ChatRequest, ChatRequest, ToolChoice]:
    """The native request, the first one that is made, and which tools that is to call.

    They differ if a tool must be called: after a search it has been.
    """
    native = native_request(call, strict=strict)
    choice = AUTO if strict else choice_of(call.tool_choice, native)
    return native, choice.applied(native), choice


async def _answer(
    request: Request, call: ResponsesRequest, native: ChatRequest, events: Events[Any]
) -> Response:
    """The events as they come, or all of them as one object.

    Where searches are offered, the headers of a stream are sent at once; what is wrong is told in
    the stream.
    """
    strict = is_strict(request)
    if not call.stream:
        found = await all_of(request, events)
        whole = whole_answer(call, found, had_tools=bool(native.tools), strict=strict)
        return responses.line(whole)
    searching = isinstance(events, WithSearches)
    frames = ResponseFrames(call, strict=strict, tells_failures=searching or not strict)
    first = None if searching else await begun(request, events)
    return EventStream(first, events, frames)
