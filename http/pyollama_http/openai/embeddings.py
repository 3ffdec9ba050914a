"""POST /v1/embeddings: the native embed, its vectors as numbers or as base64 of their bytes."""

import asyncio
import sys
from base64 import b64encode
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from pyollama.api import EmbedRequest as NativeRequest
from pyollama.api import EmbedResponse, Float32s
from pyollama_http import gojson, responses
from pyollama_http.openai.dialect import OPENAI
from pyollama_http.openai.types import EmbedRequest
from pyollama_http.openai.wire import Embedding, EmbeddingList, EmbeddingUsage
from pyollama_http.options import keep_alive_of, merged
from pyollama_http.parts import parts
from pyollama_http.streams import unless_gone
from pyollama_http.translating import Untranslatable, is_strict, translated

__all__ = ["embeddings", "native_request"]

NOTHING: tuple[Any, ...] = (None, [])


@translated(OPENAI, EmbedRequest)
async def embeddings(request: Request, call: EmbedRequest) -> Response:
    """POST /v1/embeddings."""
    native = native_request(call, strict=is_strict(request))
    serving = await parts(request).serving()
    found = await unless_gone(request, serving.embed(native))
    return responses.text(
        await asyncio.to_thread(_body, call, found), content_type=responses.JSON_OF_STREAM
    )


def native_request(call: EmbedRequest, *, strict: bool) -> NativeRequest:
    """The request as /api/embed has it. Untranslatable; DecodeError for a bad keep_alive."""
    if call.encoding_format.lower() not in ("", "float", "base64"):
        raise Untranslatable(
            f"Invalid value for 'encoding_format' = {call.encoding_format}. "
            "Supported values: ['float', 'base64']."
        )
    if call.input in NOTHING:
        raise Untranslatable("invalid input")
    return NativeRequest(
        model=call.model,
        input=[""] if call.input == "" else call.input,
        dimensions=call.dimensions,
        options=merged({}, None if strict else call.options, {}),
        keep_alive=None if strict else keep_alive_of(call.keep_alive),
    )


def _body(call: EmbedRequest, found: EmbedResponse) -> bytes:
    """The answer's bytes."""
    is_base64 = call.encoding_format.lower() == "base64"
    tokens = found.prompt_eval_count
    answer = EmbeddingList(
        object="list",
        data=[
            Embedding(
                object="embedding",
                embedding=little_endian(vector) if is_base64 else vector,
                index=index,
            )
            for index, vector in enumerate(found.embeddings)
        ],
        model=call.model,
        usage=EmbeddingUsage(prompt_tokens=tokens, total_tokens=tokens),
    )
    return gojson.encode(answer) + b"\n"


def little_endian(vector: Float32s) -> str:
    """Base64 of a vector's float32 values."""
    if sys.byteorder == "big":
        vector = vector[:]
        vector.byteswap()
    return b64encode(vector.tobytes()).decode("ascii")
