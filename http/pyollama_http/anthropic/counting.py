"""POST /v1/messages/count_tokens, which Ollama does not have: how long a prompt is."""

import asyncio

from starlette.requests import Request
from starlette.responses import Response

from pyollama.api import TokenizeRequest
from pyollama_http import responses
from pyollama_http.anthropic.dialect import ANTHROPIC
from pyollama_http.anthropic.messages import native_request
from pyollama_http.anthropic.thinking import without_vain_thinking
from pyollama_http.anthropic.types import MessagesRequest
from pyollama_http.anthropic.wire import CountResponse
from pyollama_http.parts import parts
from pyollama_http.streams import unless_gone
from pyollama_http.translating import translated

__all__ = ["count_tokens"]


@translated(ANTHROPIC, MessagesRequest)
async def count_tokens(request: Request, call: MessagesRequest) -> Response:
    """POST /v1/messages/count_tokens: those of the template's own words included."""
    native = await asyncio.to_thread(native_request, call, strict=False, only_counts=True)
    native = await without_vain_thinking(request, native)
    serving = await parts(request).serving()
    wanted = TokenizeRequest(
        model=native.model,
        messages=native.messages,
        tools=native.tools,
        think=native.think,
        keep_alive=native.keep_alive,
        options=native.options,
    )
    tokens = (await unless_gone(request, serving.tokenize(wanted))).tokens
    return responses.line(CountResponse(len(tokens)))
