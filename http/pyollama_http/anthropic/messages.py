"""POST /v1/messages: Anthropic's conversations, answered by the native chat."""

import asyncio
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from pyollama.api import ChatRequest, ChatResponse
from pyollama.errors import EngineError
from pyollama_http import responses, sse
from pyollama_http.anthropic.answer import blocks_of, response, stop_reason_of, usage_of
from pyollama_http.anthropic.conversion import native_messages
from pyollama_http.anthropic.dialect import ANTHROPIC, new_id
from pyollama_http.anthropic.estimate import estimated_tokens
from pyollama_http.anthropic.formats import format_of
from pyollama_http.anthropic.search import Searched, SearchingAnswer
from pyollama_http.anthropic.stream import MessageEvents
from pyollama_http.anthropic.thinking import think_of, without_vain_thinking
from pyollama_http.anthropic.tools import choice_of, has_search, native_tools
from pyollama_http.anthropic.types import MessagesRequest
from pyollama_http.anthropic.wire import MessagesResponse
from pyollama_http.events import Events
from pyollama_http.joined import joined_message
from pyollama_http.options import keep_alive_of, merged
from pyollama_http.parts import parts
from pyollama_http.streams import EventStream, all_of, begun, unless_gone
from pyollama_http.tool_choice import AUTO, ToolChoice
from pyollama_http.translating import Untranslatable, is_strict, translated
from pyollama_http.web_search import provider, searches

__all__ = ["messages", "native_request"]


@translated(ANTHROPIC, MessagesRequest, sse.KEPT_ALIVE)
async def messages(request: Request, call: MessagesRequest) -> Response:
    """POST /v1/messages."""
    strict, may_search = is_strict(request), has_search(call.tools)
    native = await asyncio.to_thread(native_request, call, strict=strict)
    choice = AUTO if strict else choice_of(call.tool_choice, native)
    estimate = await asyncio.to_thread(estimated_tokens, call) if call.stream else 0
    id = new_id("msg")
    events = await _started(request, id, native, choice, may_search=may_search)
    if not call.stream:
        found = await all_of(request, events)
        return responses.line(_joined(id, call, found, strict=strict))
    first = await begun(request, events)
    frames = MessageEvents(id, call.model, estimate, strict=strict, searches=may_search)
    return EventStream(first, events, frames)


async def _started(
    request: Request, id: str, native: ChatRequest, choice: ToolChoice, *, may_search: bool
) -> Events[ChatResponse] | SearchingAnswer:
    """The events of the answer, those of searches included if there may be any.

    Only the first reply is kept to the choice of tools: what follows on a search may be text.
    """
    native = await without_vain_thinking(request, native)
    chosen = await asyncio.to_thread(choice.applied, native)
    serving = await parts(request).serving()
    events = choice.enforced(await unless_gone(request, serving.chat(chosen)))
    if not may_search:
        return events
    follow = partial(searches, native, chat=serving.chat, search=provider(request))
    return SearchingAnswer(id, events, follow)


def native_request(
    call: MessagesRequest, *, strict: bool, only_counts: bool = False
) -> ChatRequest:
    """The request as /api/chat has it. Untranslatable; DecodeError for a bad keep_alive.

    strict: what Ollama does not know is passed over
    only_counts: there will be no answer, and its length need not be limited
    """
    if not call.model:
        raise Untranslatable("model is required")
    if call.max_tokens <= 0 and not only_counts:
        raise Untranslatable("max_tokens is required and must be positive")
    if not call.messages:
        raise Untranslatable("messages is required")
    return ChatRequest(
        model=call.model,
        messages=native_messages(call.system, call.messages),
        tools=native_tools(call.tools),
        format=None if strict else format_of(call.output_config),
        options=_options(call, None if strict else call.options),
        keep_alive=None if strict else keep_alive_of(call.keep_alive),
        think=think_of(call),
    )


def _options(call: MessagesRequest, extra: Any) -> dict[str, Any]:
    """The options of the native request."""
    given = {
        "num_predict": call.max_tokens,
        "temperature": call.temperature,
        "top_p": call.top_p,
        "top_k": call.top_k,
        "stop": call.stop_sequences or None,
    }
    return merged({}, extra, given)


def _joined(id: str, call: MessagesRequest, found: list[Any], *, strict: bool) -> MessagesResponse:
    """The answer as one. What was said before a search is not part of it, as in Ollama."""
    if not found:
        raise EngineError("the model repeats itself and says nothing")
    if isinstance(found[-1], Searched):
        end = found[-1]
        return response(id, call.model, end.blocks, end.stop_reason, end.usage, strict=strict)
    native = joined_message(found, had_tools=bool(call.tools))
    reason = stop_reason_of(native.done_reason, has_calls=bool(native.message.tool_calls))
    blocks = blocks_of(native.message)
    return response(id, call.model, blocks, reason, usage_of(native), strict=strict)
