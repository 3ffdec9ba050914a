"""Every route with what it takes and answers."""

from dataclasses import dataclass, field
from typing import Any

from msgspec import Struct

from pyollama import api
from pyollama.store import types as store
from pyollama_http.anthropic import dialect as anthropic_dialect
from pyollama_http.anthropic import types as anthropic
from pyollama_http.anthropic import wire as anthropic_wire
from pyollama_http.native import account, service
from pyollama_http.openai import dialect as openai_dialect
from pyollama_http.openai import types as openai
from pyollama_http.openai import wire as openai_wire
from pyollama_http.openai.audio import Transcription
from pyollama_http.openai.rerank import RerankList, RerankRequest
from pyollama_http.openai.responses import types as responses_types
from pyollama_http.openai.responses import wire as responses_wire

__all__ = ["OPERATIONS", "Operation"]

NDJSON = "application/x-ndjson"
SSE = "text/event-stream"
FAILURES = (400, 404, 413, 500, 503)


class ErrorResponse(Struct):
    """An error of the native API."""

    error: str


class ResponseEvent(Struct, omit_defaults=True):
    """An event of a streamed response; which members there are goes by its type."""

    type: str
    sequence_number: int
    response: dict[str, Any] = {}
    item_id: str = ""
    output_index: int = 0
    content_index: int = 0
    summary_index: int = 0
    item: dict[str, Any] = {}
    part: dict[str, Any] = {}
    delta: str = ""
    text: str = ""
    arguments: str = ""


@dataclass(frozen=True)
class Operation:
    """One route; kinds are the tables of what is sent.

    request: of the body; required are the fields without which it is refused
    answer: of a JSON answer; text or None if it is none
    lines: of the records of a streamed answer, media of what it is sent as
    failures: statuses of errors
    """

    summary: str
    request: type[Struct] | None = None
    required: tuple[str, ...] = ()
    answer: type[Struct] | str | None = None
    lines: type[Struct] | tuple[type[Struct], ...] | None = None
    media: str = NDJSON
    failures: tuple[int, ...] = FAILURES
    error: type[Struct] = ErrorResponse
    statuses: tuple[int, ...] = (200,)
    body: str = ""  # the media type of a body that is no JSON
    extra: dict[str, Any] = field(default_factory=dict)


def openai_operation(summary: str, **more: Any) -> Operation:
    """A route with OpenAI's errors."""
    return Operation(summary, media=SSE, error=openai_dialect.ErrorResponse, **more)


def anthropic_operation(summary: str, **more: Any) -> Operation:
    """A route with Anthropic's errors."""
    return Operation(summary, media=SSE, error=anthropic_dialect.ErrorResponse, **more)


EVENTS = (
    anthropic_wire.MessageStart,
    anthropic_wire.ContentBlockStart,
    anthropic_wire.ContentBlockDelta,
    anthropic_wire.ContentBlockStop,
    anthropic_wire.MessageDelta,
    anthropic_wire.MessageStop,
)
OPERATIONS: dict[tuple[str, str], Operation] = {
    ("HEAD", "/"): Operation("A sign of life", failures=()),
    ("GET", "/"): Operation("A sign of life", answer="text/plain", failures=()),
    ("HEAD", "/api/version"): Operation("The version of the server", failures=()),
    ("GET", "/api/version"): Operation(
        "The version of the server", answer=service.VersionResponse, failures=()
    ),
    ("HEAD", "/api/tags"): Operation("The models of the store", failures=(500,)),
    ("GET", "/api/tags"): Operation(
        "The models of the store", answer=store.ListResponse, failures=(500,)
    ),
    ("GET", "/api/ps"): Operation(
        "The models in memory", answer=service.ProcessResponse, failures=()
    ),
    ("POST", "/api/show"): Operation(
        "All about a model", store.ShowRequest, ("model",), store.ShowResponse
    ),
    ("DELETE", "/api/delete"): Operation("Forget a model", store.DeleteRequest, ("model",)),
    ("HEAD", "/api/blobs/:digest"): Operation("Whether a blob is here", failures=(400, 404)),
    ("POST", "/api/blobs/:digest"): Operation(
        "Upload a blob", statuses=(200, 201), failures=(400, 500), body="application/octet-stream"
    ),
    ("POST", "/api/create"): Operation(
        "Make a model", store.CreateRequest, ("model",), lines=store.ProgressResponse
    ),
    ("POST", "/api/generate"): Operation(
        "Go on from a prompt",
        api.GenerateRequest,
        ("model",),
        api.GenerateResponse,
        api.GenerateResponse,
    ),
    ("POST", "/api/chat"): Operation(
        "The next message of a conversation",
        api.ChatRequest,
        ("model",),
        api.ChatResponse,
        api.ChatResponse,
    ),
    ("GET", "/api/status"): Operation(
        "Whether there is a cloud", answer=account.StatusResponse, failures=()
    ),
    ("POST", "/api/copy"): Operation(
        "Give a model a second name", store.CopyRequest, ("source", "destination")
    ),
    ("POST", "/api/pull"): Operation(
        "Fetch a model",
        store.PullRequest,
        ("model",),
        store.ProgressResponse,
        store.ProgressResponse,
    ),
    ("POST", "/api/push"): Operation(
        "Give a model to a registry",
        store.PushRequest,
        ("model",),
        store.ProgressResponse,
        store.ProgressResponse,
    ),
    ("POST", "/api/embed"): Operation(
        "Vectors of texts",
        api.EmbedRequest,
        ("model", "input"),
        api.EmbedResponse,
        failures=(*FAILURES, 501),
    ),
    ("POST", "/api/embeddings"): Operation(
        "The vector of a text",
        api.EmbeddingRequest,
        ("model", "prompt"),
        api.EmbeddingResponse,
        failures=(*FAILURES, 501),
    ),
    ("POST", "/api/tokenize"): Operation(
        "The tokens of a text or a conversation",
        api.TokenizeRequest,
        ("model",),
        api.TokenizeResponse,
    ),
    ("POST", "/api/detokenize"): Operation(
        "The text of tokens", api.DetokenizeRequest, ("model", "tokens"), api.DetokenizeResponse
    ),
    ("POST", "/api/me"): Operation("Who is signed in", statuses=(), failures=(503,)),
    ("POST", "/api/signout"): Operation("Sign out", statuses=(), failures=(500,)),
    ("DELETE", "/api/user/keys/:encodedKey"): Operation(
        "Sign a key out", statuses=(), failures=(500,)
    ),
    ("POST", "/api/experimental/web_search"): Operation(
        "Search the web", statuses=(), failures=(400, 403, 413), body="application/json"
    ),
    ("POST", "/api/experimental/web_fetch"): Operation(
        "Fetch a page", statuses=(), failures=(400, 403, 413), body="application/json"
    ),
    ("GET", "/api/experimental/model-recommendations"): Operation(
        "Models to try", answer=account.RecommendationsResponse, failures=()
    ),
    ("POST", "/v1/chat/completions"): openai_operation(
        "OpenAI: the next message of a conversation",
        request=openai.ChatCompletionRequest,
        required=("model", "messages"),
        answer=openai_wire.ChatCompletion,
        lines=openai_wire.ChatCompletionChunk,
    ),
    ("POST", "/v1/completions"): openai_operation(
        "OpenAI: go on from a prompt",
        request=openai.CompletionRequest,
        required=("model", "prompt"),
        answer=openai_wire.Completion,
        lines=openai_wire.CompletionChunk,
    ),
    ("POST", "/v1/embeddings"): openai_operation(
        "OpenAI: vectors of texts",
        request=openai.EmbedRequest,
        required=("model", "input"),
        answer=openai_wire.EmbeddingList,
        failures=(*FAILURES, 501),
    ),
    ("GET", "/v1/models"): openai_operation(
        "OpenAI: the models of the store", answer=openai_wire.ModelList, failures=(500,)
    ),
    ("GET", "/v1/models/:model"): openai_operation(
        "OpenAI: a model of the store", answer=openai_wire.Model, failures=(400, 404, 500)
    ),
    ("POST", "/v1/responses"): openai_operation(
        "OpenAI: a response",
        request=responses_types.ResponsesRequest,
        required=("model", "input"),
        answer=responses_wire.ResponseObject,
        lines=ResponseEvent,
    ),
    ("POST", "/v1/audio/transcriptions"): openai_operation(
        "OpenAI: the words of a recording", answer=Transcription, body="multipart/form-data"
    ),
    ("POST", "/v1/messages"): anthropic_operation(
        "Anthropic: the next message of a conversation",
        request=anthropic.MessagesRequest,
        required=("model", "max_tokens", "messages"),
        answer=anthropic_wire.MessagesResponse,
        lines=EVENTS,
    ),
    ("POST", "/v1/messages/count_tokens"): anthropic_operation(
        "Anthropic: the tokens of a conversation",
        request=anthropic.MessagesRequest,
        required=("model", "messages"),
        answer=anthropic_wire.CountResponse,
    ),
    ("POST", "/v1/rerank"): openai_operation(
        "The documents that answer a query best",
        request=RerankRequest,
        required=("model", "query", "documents"),
        answer=RerankList,
    ),
}
