"""POST /v1/rerank in the common form of Jina, Cohere and llama.cpp; Ollama does not have it."""

import asyncio
from collections.abc import Sequence
from typing import Any

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from pyollama.api import RerankRequest as NativeRequest
from pyollama.api import RerankResponse
from pyollama_http import gojson, responses
from pyollama_http.openai.dialect import OPENAI
from pyollama_http.openai.types import OpenAIStruct
from pyollama_http.openai.wire import EmbeddingUsage
from pyollama_http.options import keep_alive_of, merged
from pyollama_http.parts import parts
from pyollama_http.streams import unless_gone
from pyollama_http.translating import Untranslatable, translated

__all__ = ["RankedDocument", "RerankList", "RerankRequest", "native_request", "rerank"]

NO_QUERY = '"query" must be provided'
NO_TEXTS = '"documents" must be a non-empty array of strings or of objects with a text'


class RerankRequest(OpenAIStruct):
    """POST /v1/rerank; a document is a string, or an object with its text."""

    model: str = ""
    query: str | None = None
    documents: Any = None
    top_n: int | None = None
    return_documents: bool = False
    truncate: bool | None = None
    options: Any = None
    keep_alive: Any = None


class Document(Struct):
    """The text of a document."""

    text: str


class RankedDocument(Struct, omit_defaults=True):
    """A document by its place in the request."""

    index: int
    relevance_score: float
    document: Document | None = None


class RerankList(Struct):
    """The answer: the most relevant document first."""

    model: str
    object: str
    usage: EmbeddingUsage
    results: list[RankedDocument]


@translated(OPENAI, RerankRequest)
async def rerank(request: Request, call: RerankRequest) -> Response:
    """POST /v1/rerank."""
    native = native_request(call)
    serving = await parts(request).serving()
    found = await unless_gone(request, serving.rerank(native))
    texts = native.documents if call.return_documents else None
    return responses.text(
        await asyncio.to_thread(_body, found, texts), content_type=responses.JSON_OF_STREAM
    )


def native_request(call: RerankRequest) -> NativeRequest:
    """The request as serving takes it. Untranslatable; DecodeError for a bad keep_alive."""
    if call.query is None:
        raise Untranslatable(NO_QUERY)
    return NativeRequest(
        model=call.model,
        query=call.query,
        documents=texts_of(call.documents),
        top_n=call.top_n,
        truncate=call.truncate,
        options=merged({}, call.options, {}),
        keep_alive=keep_alive_of(call.keep_alive),
    )


def texts_of(documents: Any) -> list[str]:
    """The texts of documents. Untranslatable for what is no list of any."""
    if not isinstance(documents, list) or not documents:
        raise Untranslatable(NO_TEXTS)
    texts: list[Any] = [
        entry.get("text") if isinstance(entry, dict) else entry for entry in documents
    ]
    if not all(isinstance(text, str) for text in texts):
        raise Untranslatable(NO_TEXTS)
    return texts


def _body(found: RerankResponse, texts: Sequence[str] | None) -> bytes:
    """The answer's bytes, with the documents if texts are given."""
    tokens = found.prompt_eval_count
    answer = RerankList(
        model=found.model,
        object="list",
        usage=EmbeddingUsage(prompt_tokens=tokens, total_tokens=tokens),
        results=[
            RankedDocument(
                index=ranked.index,
                relevance_score=ranked.relevance_score,
                document=None if texts is None else Document(texts[ranked.index]),
            )
            for ranked in found.results
        ],
    )
    return gojson.encode(answer) + b"\n"
