"""Texts as tokens: /api/tokenize and /api/detokenize, which Ollama has as a proposal only."""

import asyncio

from starlette.requests import Request
from starlette.responses import Response

from pyollama.api import (
    DetokenizeRequest,
    DetokenizeResponse,
    TokenizeRequest,
    TokenizeResponse,
)
from pyollama_http import gojson, responses
from pyollama_http.body import decoded
from pyollama_http.parts import parts
from pyollama_http.streams import unless_gone

__all__ = ["detokenize", "tokenize"]


async def tokenize(request: Request) -> Response:
    """POST /api/tokenize: the tokens of a text, or of the prompt that a conversation becomes."""
    call = await decoded(request, TokenizeRequest)
    serving = await parts(request).serving()
    return await _answer(await unless_gone(request, serving.tokenize(call)))


async def detokenize(request: Request) -> Response:
    """POST /api/detokenize: the text of some tokens."""
    call = await decoded(request, DetokenizeRequest)
    serving = await parts(request).serving()
    return await _answer(await unless_gone(request, serving.detokenize(call)))


async def _answer(value: TokenizeResponse | DetokenizeResponse) -> Response:
    """The answer, made in a thread: it may have millions of numbers or characters."""
    body = await asyncio.to_thread(gojson.encode, value)
    return responses.text(body, content_type=responses.JSON)
