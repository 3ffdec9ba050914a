"""The answers of OpenAI's older endpoints, in the order of keys in which they are sent.

A field without a default is always sent; see gojson.encode.
"""

from typing import Any

from msgspec import Struct, field

from pyollama.api import DebugInfo, Logprob

__all__ = [
    "ChatCompletion",
    "ChatCompletionChunk",
    "Choice",
    "ChunkChoice",
    "Completion",
    "CompletionChunk",
    "CompletionLogprobs",
    "Delta",
    "Embedding",
    "EmbeddingList",
    "EmbeddingUsage",
    "Logprobs",
    "Model",
    "ModelList",
    "ResponseMessage",
    "TextChoice",
    "ToolCall",
    "ToolCallFunction",
    "Usage",
]

FINGERPRINT = "fp_ollama"


class Answer(Struct, kw_only=True, omit_defaults=True):
    """What all of these have in common."""


class Usage(Answer):
    """Tokens of the prompt, cached ones included, of the answer, and of both."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class ToolCallFunction(Answer):
    """What the model calls; the arguments are JSON text."""

    name: str
    arguments: str


class ToolCall(Answer):
    """A call, whole; index counts those of one answer."""

    id: str
    index: int
    type: str
    function: ToolCallFunction


class Logprobs(Answer):
    """The log probabilities of the tokens that were made."""

    content: list[Logprob]


class ResponseMessage(Answer):
    """An answer."""

    role: str
    content: str
    reasoning: str = ""
    tool_calls: list[ToolCall] = field(default_factory=list)


class Choice(Answer):
    """One of the answers."""

    index: int
    message: ResponseMessage
    finish_reason: str | None
    logprobs: Logprobs | None = None


class ChatCompletion(Answer):
    """POST /v1/chat/completions; times are seconds since 1970."""

    id: str
    object: str
    created: int
    model: str
    system_fingerprint: str
    choices: list[Choice]
    usage: Usage
    debug_info: DebugInfo | None = field(default=None, name="_debug_info")


class Delta(Answer):
    """Some more of an answer."""

    role: str = ""
    content: str | None = None
    reasoning: str = ""
    tool_calls: list[ToolCall] = field(default_factory=list)


class ChunkChoice(Answer):
    """Some more of one of the answers."""

    index: int
    delta: Delta
    finish_reason: str | None
    logprobs: Logprobs | None = None


class ChatCompletionChunk(Answer):
    """An event of a streamed answer."""

    id: str
    object: str
    created: int
    model: str
    system_fingerprint: str
    choices: list[ChunkChoice]
    usage: Usage | None = None


class CompletionLogprobs(Answer):
    """Log probabilities as /v1/completions tells them: lists of equal length.

    text_offset: characters of the answer before each token
    """

    tokens: list[str]
    token_logprobs: list[float]
    top_logprobs: list[dict[str, float]]
    text_offset: list[int]


class TextChoice(Answer):
    """One of the texts, or some more of it."""

    text: str
    index: int
    finish_reason: str | None
    logprobs: CompletionLogprobs | None = None


class Completion(Answer):
    """POST /v1/completions; times are seconds since 1970."""

    id: str
    object: str
    created: int
    model: str
    system_fingerprint: str
    choices: list[TextChoice]
    usage: Usage


class CompletionChunk(Answer):
    """An event of a streamed completion; its keys have another order."""

    id: str
    object: str
    created: int
    choices: list[TextChoice]
    model: str
    system_fingerprint: str
    usage: Usage | None = None


class Embedding(Answer):
    """A vector: a list of numbers, or base64 of their bytes."""

    object: str
    embedding: Any
    index: int


class EmbeddingUsage(Answer):
    """Tokens of all inputs."""

    prompt_tokens: int
    total_tokens: int


class EmbeddingList(Answer):
    """POST /v1/embeddings."""

    object: str
    data: list[Embedding]
    model: str
    usage: EmbeddingUsage


class Model(Answer):
    """A model of the store."""

    id: str
    object: str
    created: int
    owned_by: str


class ModelList(Answer):
    """GET /v1/models; null stands for none."""

    object: str
    data: list[Model] | None
