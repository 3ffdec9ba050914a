"""POST /v1/completions: a prompt, answered by the native generate.

The prompt is not raw: it goes through the model's template like a message of the user. What a
model thinks is not told, though its tokens count.
"""

import asyncio
from collections.abc import Sequence

from msgspec.structs import replace
from starlette.requests import Request
from starlette.responses import Response

from pyollama.api import GenerateRequest, GenerateResponse, Steering
from pyollama_http import responses
from pyollama_http.joined import joined_text
from pyollama_http.openai.choices import choices, of_each
from pyollama_http.openai.conversion import new_number, usage_of
from pyollama_http.openai.dialect import OPENAI
from pyollama_http.openai.options import number_of_choices, stop_of
from pyollama_http.openai.steering import steering_of
from pyollama_http.openai.text_chunks import TextChunks, text_logprobs
from pyollama_http.openai.types import CompletionRequest
from pyollama_http.openai.wire import FINGERPRINT, Completion, TextChoice
from pyollama_http.options import keep_alive_of, merged
from pyollama_http.parts import parts
from pyollama_http.streams import EventStream, all_of, begun, unless_gone
from pyollama_http.translating import is_strict, translated

__all__ = ["completions", "native_request"]


@translated(OPENAI, CompletionRequest)
async def completions(request: Request, call: CompletionRequest) -> Response:
    """POST /v1/completions."""
    strict = is_strict(request)
    native = native_request(call, strict=strict)
    n = 1 if strict else number_of_choices(call.n)
    steering = Steering() if strict else steering_of(call.logit_bias)
    steering = replace(steering, tells_context=False)
    serving = await parts(request).serving()
    begun_choices = choices(n, native, lambda each: serving.generate(each, steering))
    events = await unless_gone(request, begun_choices)
    if call.stream:
        first = await begun(request, events)
        frames = TextChunks(call.model, n, call.stream_options, strict=strict)
        return EventStream(first, events, frames)
    answers = of_each(await all_of(request, events), n)
    return await asyncio.to_thread(_joined, call.model, answers, strict)


def _joined(model: str, answers: list[list[GenerateResponse]], strict: bool) -> Response:
    """The answer, whose log probabilities can take seconds to write."""
    found = [joined_text(each) for each in answers]
    return responses.line(completion(model, found, strict=strict))


def native_request(call: CompletionRequest, *, strict: bool) -> GenerateRequest:
    """The request as /api/generate has it. Untranslatable; DecodeError for a bad keep_alive.

    strict: what Ollama does not know is passed over
    """
    given = {
        "num_predict": call.max_tokens,
        "seed": call.seed,
        "stop": stop_of(call.stop, strict_items=True),
        "temperature": call.temperature,
        "top_p": call.top_p or None,
        "frequency_penalty": call.frequency_penalty or None,
        "presence_penalty": call.presence_penalty or None,
    }
    defaults = {
        "temperature": 1.0,
        "top_p": 1.0,
        "frequency_penalty": 0.0,
        "presence_penalty": 0.0,
    }
    return GenerateRequest(
        model=call.model,
        prompt=call.prompt,
        suffix=call.suffix,
        options=merged(defaults, None if strict else call.options, given),
        keep_alive=None if strict else keep_alive_of(call.keep_alive),
        logprobs=(call.logprobs or 0) > 0,
        top_logprobs=max(call.logprobs or 0, 0),
        debug_render_only=call.debug_render_only,
    )


def completion(model: str, answers: Sequence[GenerateResponse], *, strict: bool) -> Completion:
    """The answer, of as many choices as there are native ones."""
    return Completion(
        id=f"cmpl-{new_number()}",
        object="text_completion",
        created=answers[0].created_at // 10**9,
        model=model,
        system_fingerprint=FINGERPRINT,
        choices=[
            TextChoice(
                text=each.response,
                index=index,
                finish_reason=each.done_reason or None,
                logprobs=None if strict else text_logprobs(each.logprobs),
            )
            for index, each in enumerate(answers)
        ],
        usage=usage_of(*answers),
    )
