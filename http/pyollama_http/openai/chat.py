"""POST /v1/chat/completions: OpenAI's conversations, answered by the native chat."""

import asyncio
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from pyollama.api import ChatRequest, ChatResponse, RawJSON, Steering
from pyollama_http import responses
from pyollama_http.events import Events
from pyollama_http.joined import joined_message
from pyollama_http.openai.choices import choices, of_each
from pyollama_http.openai.chunks import ChatChunks
from pyollama_http.openai.conversion import (
    finish_reason,
    logprobs_of,
    new_number,
    tool_calls_of,
    usage_of,
)
from pyollama_http.openai.dialect import OPENAI, thinking_of
from pyollama_http.openai.messages import native_messages
from pyollama_http.openai.options import number_of_choices, stop_of
from pyollama_http.openai.steering import choice_of, steering_of
from pyollama_http.openai.types import ChatCompletionRequest, ResponseFormat
from pyollama_http.openai.wire import FINGERPRINT, ChatCompletion, Choice, ResponseMessage
from pyollama_http.options import keep_alive_of, merged
from pyollama_http.parts import parts
from pyollama_http.streams import EventStream, all_of, begun, unless_gone
from pyollama_http.tool_choice import AUTO, ToolChoice
from pyollama_http.translating import Untranslatable, is_strict, translated

__all__ = ["chat_completions", "native_request"]


@translated(OPENAI, ChatCompletionRequest)
async def chat_completions(request: Request, call: ChatCompletionRequest) -> Response:
    """POST /v1/chat/completions."""
    strict = is_strict(request)
    native, choice = await asyncio.to_thread(_prepared, call, strict)
    n = 1 if strict else number_of_choices(call.n)
    steering = Steering() if strict else steering_of(call.logit_bias)
    serving = await parts(request).serving()

    async def answer(each: ChatRequest) -> Events[ChatResponse]:
        return choice.enforced(await serving.chat(each, steering))

    events = await unless_gone(request, choices(n, native, answer))
    if call.stream:
        first = await begun(request, events)
        return EventStream(first, events, ChatChunks(call.model, n, call.stream_options, strict))
    answers = of_each(await all_of(request, events), n)
    return await asyncio.to_thread(_joined, call.model, answers, bool(native.tools))


def _prepared(call: ChatCompletionRequest, strict: bool) -> tuple[ChatRequest, ToolChoice]:
    """The native request, with its answer kept to the choice of a tool.

    Takes a while where there are many messages, or large ones: not for the event loop.
    """
    native = native_request(call, strict=strict)
    choice = AUTO if strict else choice_of(call.tool_choice, native)
    return choice.applied(native), choice


def _joined(model: str, answers: list[list[ChatResponse]], had_tools: bool) -> Response:
    """The answer, whose log probabilities can take seconds to write."""
    joined = [joined_message(each, had_tools=had_tools) for each in answers]
    return responses.line(completion(model, joined))


def native_request(call: ChatCompletionRequest, *, strict: bool) -> ChatRequest:
    """The request as /api/chat has it. Untranslatable; DecodeError for a bad keep_alive.

    strict: what Ollama does not know is passed over, and its own flaws are kept
    """
    if not call.messages:
        raise Untranslatable("[] is too short - 'messages'")
    messages = native_messages(call.messages, strict=strict)
    effort = call.reasoning_effort or ""
    think = thinking_of(call.reasoning.effort if call.reasoning is not None else effort)
    if not 0 <= call.top_logprobs <= 20:
        raise Untranslatable("top_logprobs must be between 0 and 20")
    return ChatRequest(
        model=call.model,
        messages=messages,
        format=format_of(call.response_format),
        tools=call.tools,
        options=_options(call, None if strict else call.options),
        keep_alive=None if strict else keep_alive_of(call.keep_alive),
        think=think,
        logprobs=bool(call.logprobs),
        top_logprobs=call.top_logprobs,
        debug_render_only=call.debug_render_only,
    )


def _options(call: ChatCompletionRequest, extra: Any) -> dict[str, Any]:
    """The options of the native request; two have defaults that no model's parameters change."""
    given = {
        "num_predict": call.max_tokens,
        "seed": call.seed,
        "stop": stop_of(call.stop, strict_items=False),
        "temperature": call.temperature,
        "top_p": call.top_p,
        "frequency_penalty": call.frequency_penalty,
        "presence_penalty": call.presence_penalty,
    }
    return merged({"temperature": 1.0, "top_p": 1.0}, extra, given)


def format_of(wanted: ResponseFormat | None) -> RawJSON | None:
    """The native format: any JSON object, or a schema."""
    kind = wanted.type.strip().lower() if wanted else ""
    if kind == "json_object":
        return RawJSON(b'"json"')
    if kind == "json_schema" and wanted and wanted.json_schema:
        return wanted.json_schema.schema
    return None


def completion(model: str, answers: list[ChatResponse]) -> ChatCompletion:
    """The answer, of as many choices as there are native ones."""
    return ChatCompletion(
        id=f"chatcmpl-{new_number()}",
        object="chat.completion",
        created=answers[0].created_at // 10**9,
        model=model,
        system_fingerprint=FINGERPRINT,
        choices=[_choice(index, each) for index, each in enumerate(answers)],
        usage=usage_of(*answers),
        debug_info=answers[0].debug_info,
    )


def _choice(index: int, native: ChatResponse) -> Choice:
    """One of the answers."""
    calls = tool_calls_of(native.message.tool_calls)
    reason = finish_reason(native.done_reason, has_calls=bool(calls))
    return Choice(
        index=index,
        message=ResponseMessage(
            role=native.message.role,
            content=native.message.content,
            reasoning=native.message.thinking,
            tool_calls=calls,
        ),
        finish_reason=reason or None,
        logprobs=logprobs_of(native),
    )
