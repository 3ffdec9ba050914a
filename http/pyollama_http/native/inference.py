"""Answers that a model generates: /api/generate and /api/chat."""

from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import TypeVar

from msgspec.structs import replace
from starlette.requests import Request
from starlette.responses import Response

from pyollama.api import ChatRequest, ChatResponse, GenerateRequest, GenerateResponse
from pyollama.errors import EngineError
from pyollama_http import responses
from pyollama_http.body import decoded
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
        collected = await unless_gone(request, _collected(events))
    return responses.answer(join(collected))


def is_single(event: GenerateResponse | ChatResponse) -> bool:
    """Whether the event is a whole answer: of a load, an unload or a rendered prompt."""
    return event.done_reason in ("load", "unload") or event.debug_info is not None


async def _collected(events: AsyncIterator[R]) -> list[R]:
    """All events. Raises EngineError if there are none: only blanks, again and again."""
    found = [event async for event in events]
    if not found:
        raise EngineError("the model repeats itself and says nothing")
    return found


def joined_text(events: list[GenerateResponse]) -> GenerateResponse:
    """The last event, with the text and the log probabilities of all of them."""
    return replace(
        events[-1],
        logprobs=[entry for event in events for entry in event.logprobs],
        response="".join(event.response for event in events),
        thinking="".join(event.thinking for event in events),
    )


def joined_message(events: list[ChatResponse], *, had_tools: bool) -> ChatResponse:
    """The last event, with text, tool calls and log probabilities of all of them.

    As in Ollama, without tools in the request only the calls of the last event count.
    """
    messages = [event.message for event in events]
    callers = messages if had_tools else messages[-1:]
    message = replace(
        messages[-1],
        content="".join(message.content for message in messages),
        thinking="".join(message.thinking for message in messages),
        tool_calls=[call for message in callers for call in message.tool_calls],
    )
    logprobs = [entry for event in events for entry in event.logprobs]
    return replace(events[-1], message=message, logprobs=logprobs)
