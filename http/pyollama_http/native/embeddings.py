"""Texts as vectors: /api/embed, and /api/embeddings for one text."""

import asyncio

from starlette.requests import Request
from starlette.responses import Response

from pyollama.api import EmbeddingRequest, EmbeddingResponse, EmbedRequest, EmbedResponse
from pyollama_http import gojson, responses
from pyollama_http.body import decoded
from pyollama_http.parts import parts
from pyollama_http.streams import unless_gone

__all__ = ["embed", "embeddings"]


async def embed(request: Request) -> Response:
    """POST /api/embed: a vector of length 1 for each input."""
    call = await decoded(request, EmbedRequest)
    serving = await parts(request).serving()
    return await _answer(await unless_gone(request, serving.embed(call)))


async def embeddings(request: Request) -> Response:
    """POST /api/embeddings: the vector of one prompt, as the model gives it."""
    call = await decoded(request, EmbeddingRequest)
    serving = await parts(request).serving()
    return await _answer(await unless_gone(request, serving.embeddings(call)))


async def _answer(value: EmbedResponse | EmbeddingResponse) -> Response:
    """The answer, made in a thread: half a million numbers take half a second to write."""
    body = await asyncio.to_thread(gojson.encode, value)
    return responses.text(body, content_type=responses.JSON)
