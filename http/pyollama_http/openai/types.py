"""The requests of OpenAI's older endpoints, as tables for gojson.

What Ollama would not know is at the end of each, as free-form values: nothing is looked at before
it is used, so that strict parity can ignore it, of whatever type it is. Names and packages of the
classes show in the words of errors.
"""

from typing import Any, ClassVar

from msgspec import Struct, field

from pyollama.api import Float32, RawJSON

__all__ = [
    "ChatCompletionRequest",
    "CompletionRequest",
    "EmbedRequest",
    "Message",
    "Reasoning",
    "ResponseFormat",
    "StreamOptions",
    "ToolCall",
]


class OpenAIStruct(Struct, kw_only=True):
    """A struct of Ollama's package openai."""

    go_package: ClassVar[str] = "openai"


class ToolCallFunction(OpenAIStruct):
    """What was called; the arguments are JSON text."""

    go_struct: ClassVar[str] = ""  # it has no name there, and errors show that

    name: str = ""
    arguments: str = ""


class ToolCall(OpenAIStruct):
    """A call in the history."""

    id: str = ""
    index: int = 0
    type: str = ""
    function: ToolCallFunction = field(default_factory=ToolCallFunction)


class Message(OpenAIStruct):
    """A message of a conversation; its content is text or a list of parts."""

    role: str = ""
    content: Any = None
    reasoning: str = ""
    tool_calls: list[ToolCall] | None = None
    name: str = ""
    tool_call_id: str = ""


class StreamOptions(OpenAIStruct):
    """What a stream shall tell at its end."""

    include_usage: bool = False


class JsonSchema(OpenAIStruct):
    """The schema to keep to."""

    schema: RawJSON | None = None


class ResponseFormat(OpenAIStruct):
    """The format to keep to."""

    type: str = ""
    json_schema: JsonSchema | None = None


class Reasoning(OpenAIStruct):
    """How hard to think."""

    effort: str = ""


class ChatCompletionRequest(OpenAIStruct):
    """POST /v1/chat/completions."""

    model: str = ""
    messages: list[Message] = field(default_factory=list)
    stream: bool = False
    stream_options: StreamOptions | None = None
    max_tokens: int | None = None
    seed: int | None = None
    stop: Any = None
    temperature: float | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    top_p: float | None = None
    response_format: ResponseFormat | None = None
    tools: list[dict[str, Any]] = field(default_factory=list)
    reasoning: Reasoning | None = None
    reasoning_effort: str | None = None
    logprobs: bool | None = None
    top_logprobs: int = 0
    debug_render_only: bool = field(default=False, name="_debug_render_only")

    tool_choice: Any = None
    n: Any = None
    logit_bias: Any = None
    options: Any = None
    keep_alive: Any = None


class CompletionRequest(OpenAIStruct):
    """POST /v1/completions."""

    model: str = ""
    prompt: str = ""
    frequency_penalty: Float32 = Float32(0)
    max_tokens: int | None = None
    presence_penalty: Float32 = Float32(0)
    seed: int | None = None
    stop: Any = None
    stream: bool = False
    stream_options: StreamOptions | None = None
    temperature: Float32 | None = None
    top_p: Float32 = Float32(0)
    suffix: str = ""
    logprobs: int | None = None
    debug_render_only: bool = field(default=False, name="_debug_render_only")

    n: Any = None
    logit_bias: Any = None
    options: Any = None
    keep_alive: Any = None


class EmbedRequest(OpenAIStruct):
    """POST /v1/embeddings."""

    input: Any = None
    model: str = ""
    dimensions: int = 0
    encoding_format: str = ""

    options: Any = None
    keep_alive: Any = None
