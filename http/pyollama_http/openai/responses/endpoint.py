"""POST /v1/responses."""

import asyncio
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from pyollama.api import ChatRequest, ChatResponse
from pyollama_http import responses, sse
from pyollama_http.events import Events
from pyollama_http.openai.conversion import new_number
from pyollama_http.openai.dialect import OPENAI
from pyollama_http.openai.responses.frames import ResponseFrames
from pyollama_http.openai.responses.native import native_request
from pyollama_http.openai.responses.objects import NUMBERS, Answer
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
    task = await asyncio.to_thread(_prepared, call, is_strict(request))
    serving = await parts(request).serving()

    async def start() -> Events[ChatResponse]:
        return task.choice.enforced(await serving.chat(task.first))

    if not has_search(call.tools):
        started: Events[Any] = await unless_gone(request, start())
        return await _answer(request, task, started)
    search = provider(request)
    events = WithSearches(start, lambda reply: searches(task.native, reply, serving.chat, search))
    return await _answer(request, task, events)


@dataclass(frozen=True)
class Task:
    """What is made of a request before a model is asked.

    native, first: the request and how it is made at first. They differ if a tool must be called,
        since after a search one has been.
    """

    answer: Answer
    native: ChatRequest
    first: ChatRequest
    choice: ToolChoice
    strict: bool


def _prepared(call: ResponsesRequest, strict: bool) -> Task:
    """What can fail without a model fails here. Takes a while: not for the event loop."""
    native = native_request(call, strict=strict)
    choice = AUTO if strict else choice_of(call.tool_choice, native)
    answer = Answer(call, new_number(NUMBERS))
    return Task(answer, native, choice.applied(native), choice, strict)


def _whole(task: Task, found: list[Any]) -> Response:
    """The answer as one object, whose tools can take seconds to repeat."""
    had_tools = bool(task.native.tools)
    return responses.line(whole_answer(task.answer, found, had_tools, strict=task.strict))


async def _answer(request: Request, task: Task, events: Events[Any]) -> Response:
    """The events as they come, or all of them as one object.

    Where searches are offered, the headers of a stream are sent at once; what is wrong is told in
    the stream.
    """
    if not task.answer.call.stream:
        found = await all_of(request, events)
        return await asyncio.to_thread(_whole, task, found)
    searching = isinstance(events, WithSearches)
    frames = ResponseFrames(
        task.answer, strict=task.strict, tells_failures=searching or not task.strict
    )
    first = None if searching else await begun(request, events)
    return EventStream(first, events, frames)
