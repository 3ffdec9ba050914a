"""The typed requests that go down into serving, and the typed events that come back.

Field names and their order are Ollama's. In the structs that go to the client a field without a
default is always sent, and one with a default is left out while it holds that default (Go's
``omitempty``); http/pyollama_http/gojson.py turns them into bytes by these tables.
"""

from array import array
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field


class Time(int):
    """Nanoseconds since 1970 in UTC, sent as RFC 3339 text ending in Z."""


class LocalTime(int):
    """Nanoseconds since 1970, sent as RFC 3339 text with the server's own offset."""


class Duration(int):
    """Nanoseconds; keep_alive holds FOREVER for "never unload"."""


class RawJSON(bytes):
    """The text of a JSON value, kept as the client wrote it."""


class Float32(float):
    """A number that Go would keep in 32 bits."""


if TYPE_CHECKING:
    Float32s = array[float]
else:  # before Python 3.12 an array cannot be told what it holds
    Float32s = array
"""An array of type "f"; its values are sent in the shortest text that tells 32 bits apart."""

FOREVER = Duration(2**63 - 1)

Options = dict[str, Any]


class ToolCallFunction(Struct, kw_only=True):
    """Which tool a model calls, and with what; all of it is always sent."""

    index: int = 0
    name: str
    arguments: dict[str, Any]


class ToolCall(Struct, kw_only=True, omit_defaults=True):
    """One call of a tool, as the model made it or as the history tells it."""

    id: str = ""
    function: ToolCallFunction


class Message(Struct, kw_only=True, omit_defaults=True):
    """One message of a chat."""

    role: str = ""
    content: str = ""
    thinking: str = ""
    images: list[bytes] = field(default_factory=list)
    tool_calls: list[ToolCall] = field(default_factory=list)
    tool_name: str = ""
    tool_call_id: str = ""


class GenerateRequest(Struct, kw_only=True):
    """POST /api/generate."""

    model: str = ""
    prompt: str = ""
    suffix: str = ""
    system: str = ""
    template: str = ""
    context: list[int] | None = None
    stream: bool | None = None
    raw: bool = False
    format: RawJSON | None = None
    keep_alive: Duration | None = None
    images: list[bytes] = field(default_factory=list)
    options: Options = field(default_factory=dict)
    think: bool | str | None = None
    truncate: bool | None = None
    shift: bool | None = None
    debug_render_only: bool = field(default=False, name="_debug_render_only")
    logprobs: bool = False
    top_logprobs: int = 0


class ChatRequest(Struct, kw_only=True):
    """POST /api/chat. The tools are kept as the client wrote them, for the template to print."""

    model: str = ""
    messages: list[Message] = field(default_factory=list)
    stream: bool | None = None
    format: RawJSON | None = None
    keep_alive: Duration | None = None
    tools: list[dict[str, Any]] = field(default_factory=list)
    options: Options = field(default_factory=dict)
    think: bool | str | None = None
    truncate: bool | None = None
    shift: bool | None = None
    debug_render_only: bool = field(default=False, name="_debug_render_only")
    logprobs: bool = False
    top_logprobs: int = 0


class Steering(Struct, kw_only=True):
    """What other APIs than Ollama's let a request say of how it is answered.

    logit_bias: what is added to the logits of some token ids
    tells_context: whether a text completion ends with the tokens of its prompt and answer, which
        take as long to find as those of the prompt before
    """

    logit_bias: dict[int, float] = field(default_factory=dict)
    tells_context: bool = True


class DebugInfo(Struct, kw_only=True, omit_defaults=True):
    """What _debug_render_only shows: the prompt, and how many images it refers to."""

    rendered_template: str
    image_count: int = 0


class TokenLogprob(Struct, kw_only=True, omit_defaults=True):
    """A token's text, its bytes in UTF-8, and the natural logarithm of its probability."""

    token: str
    logprob: float
    bytes: list[int] = field(default_factory=list)


class Logprob(TokenLogprob, kw_only=True, omit_defaults=True):
    """A generated token, and the likeliest tokens at its place."""

    top_logprobs: list[TokenLogprob] = field(default_factory=list)


class GenerateResponse(Struct, kw_only=True, omit_defaults=True):
    """One line of an answer to /api/generate; durations are nanoseconds."""

    model: str
    created_at: Time
    response: str
    thinking: str = ""
    done: bool
    done_reason: str = ""
    debug_info: DebugInfo | None = field(default=None, name="_debug_info")
    context: list[int] = field(default_factory=list)
    total_duration: int = 0
    load_duration: int = 0
    prompt_eval_count: int = 0
    prompt_eval_duration: int = 0
    eval_count: int = 0
    eval_duration: int = 0
    tool_calls: list[ToolCall] = field(default_factory=list)
    logprobs: list[Logprob] = field(default_factory=list)
    prompt_tokens_dropped: int = 0  # ours: how many tokens of a prompt that was cut did not run


class ResponseMessage(Struct, kw_only=True, omit_defaults=True):
    """The message of one line of a chat answer: role and content are always sent."""

    role: str
    content: str
    thinking: str = ""
    tool_calls: list[ToolCall] = field(default_factory=list)


class ChatResponse(Struct, kw_only=True, omit_defaults=True):
    """One line of an answer to /api/chat; durations are nanoseconds."""

    model: str
    created_at: Time
    message: ResponseMessage
    done: bool
    done_reason: str = ""
    debug_info: DebugInfo | None = field(default=None, name="_debug_info")
    logprobs: list[Logprob] = field(default_factory=list)
    total_duration: int = 0
    load_duration: int = 0
    prompt_eval_count: int = 0
    prompt_eval_duration: int = 0
    eval_count: int = 0
    eval_duration: int = 0
    prompt_tokens_dropped: int = 0  # ours: how many tokens of a prompt that was cut did not run


class EmbedRequest(Struct, kw_only=True):
    """POST /api/embed. The input is looked at by the endpoint: a string, or a list of them."""

    model: str = ""
    input: Any = None
    truncate: bool | None = None
    dimensions: int = 0
    keep_alive: Duration | None = None
    options: Options = field(default_factory=dict)


class EmbedResponse(Struct, kw_only=True, omit_defaults=True):
    """The answer of /api/embed: a vector for each input; durations are nanoseconds."""

    model: str
    embeddings: list[Float32s]
    total_duration: int = 0
    load_duration: int = 0
    prompt_eval_count: int = 0


class EmbeddingRequest(Struct, kw_only=True):
    """POST /api/embeddings."""

    model: str = ""
    prompt: str = ""
    keep_alive: Duration | None = None
    options: Options = field(default_factory=dict)


class EmbeddingResponse(Struct, kw_only=True, omit_defaults=True):
    """The answer of /api/embeddings, whose values are widened to 64 bits."""

    embedding: list[float]


class RerankRequest(Struct, kw_only=True):
    """A query, and documents to be put in the order of their relevance to it.

    top_n: how many are wanted back; None for all
    """

    model: str = ""
    query: str = ""
    documents: list[str] = field(default_factory=list)
    top_n: int | None = None
    truncate: bool | None = None
    keep_alive: Duration | None = None
    options: Options = field(default_factory=dict)


class RankedDocument(Struct, kw_only=True):
    """A document by its place in the request, and what the model thinks of it."""

    index: int
    relevance_score: float


class RerankResponse(Struct, kw_only=True):
    """The best documents, the best first."""

    model: str
    results: list[RankedDocument]
    prompt_eval_count: int


class TokenizeRequest(Struct, kw_only=True):
    """POST /api/tokenize: a text, or a conversation as /api/chat takes it."""

    model: str = ""
    content: str = ""
    messages: list[Message] = field(default_factory=list)
    tools: list[dict[str, Any]] = field(default_factory=list)
    think: bool | str | None = None
    keep_alive: Duration | None = None
    options: Options = field(default_factory=dict)


class TokenizeResponse(Struct, kw_only=True):
    """The answer of /api/tokenize."""

    tokens: list[int]


class DetokenizeRequest(Struct, kw_only=True):
    """POST /api/detokenize."""

    model: str = ""
    tokens: list[int] = field(default_factory=list)
    keep_alive: Duration | None = None
    options: Options = field(default_factory=dict)


class DetokenizeResponse(Struct, kw_only=True):
    """The answer of /api/detokenize."""

    content: str


class ModelDetails(Struct, kw_only=True, omit_defaults=True):
    """What a model is, as /api/tags, /api/ps and /api/show tell it."""

    parent_model: str
    format: str
    family: str
    families: list[str] | None
    parameter_size: str
    quantization_level: str
    context_length: int = 0
    embedding_length: int = 0


class ProcessModel(Struct, kw_only=True, omit_defaults=True):
    """One loaded model in /api/ps."""

    name: str
    model: str
    size: int
    digest: str
    details: ModelDetails
    expires_at: LocalTime
    size_vram: int
    context_length: int
