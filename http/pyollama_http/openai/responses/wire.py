"""The answers of /v1/responses, in the order of keys in which they are sent whole.

In the events of a stream the keys of all objects are sorted; see `by_key`.
"""

from typing import Any

from msgspec import NODEFAULT, Struct, field, structs

from pyollama.api import RawJSON
from pyollama_http.openai.wire import Answer

__all__ = [
    "Effort",
    "FunctionCall",
    "Item",
    "Message",
    "OutputText",
    "ReasoningItem",
    "ResponseObject",
    "SummaryText",
    "Text",
    "TextFormat",
    "Tool",
    "Usage",
    "WebSearchAction",
    "WebSearchCall",
    "by_key",
]


class OutputText(Answer):
    """A text of the model's; the lists are always empty."""

    type: str
    text: str
    annotations: list[Any]
    logprobs: list[Any]


class Message(Answer):
    """An item: what the model says."""

    id: str
    type: str
    status: str
    role: str
    content: list[OutputText]


class SummaryText(Answer):
    """Thoughts, which are no summary but the thoughts themselves."""

    type: str
    text: str


class ReasoningItem(Answer):
    """An item: what the model thinks, to be sent again with the next request."""

    id: str
    type: str
    summary: list[SummaryText]
    encrypted_content: str = ""


class FunctionCall(Answer):
    """An item: a call of a tool; the arguments are JSON text."""

    id: str
    type: str
    status: str
    call_id: str
    name: str
    arguments: str


class WebSearchAction(Answer):
    """What was looked up."""

    type: str
    query: str


class WebSearchCall(Answer):
    """An item: a search of the web."""

    id: str
    type: str
    status: str
    action: WebSearchAction


Item = Message | ReasoningItem | FunctionCall | WebSearchCall


class Tool(Answer):
    """A tool of the request."""

    type: str
    name: str
    description: str | None
    strict: bool | None
    parameters: RawJSON | None
    tools: "list[Tool]" = field(default_factory=list)


class TextFormat(Answer):
    """The format that the request wants."""

    type: str
    name: str = ""
    schema: RawJSON | None = None
    strict: bool | None = None


class Text(Answer):
    """How the text shall be."""

    format: TextFormat


class Effort(Answer):
    """How the request wants it thought about."""

    effort: str | None = None
    summary: str | None = None


class Usage(Answer):
    """Tokens of the prompt, of the answer, and of both; the details are not counted."""

    input_tokens: int
    output_tokens: int
    total_tokens: int
    input_tokens_details: dict[str, int]
    output_tokens_details: dict[str, int]


class ResponseObject(Answer):
    """An answer; times are seconds since 1970. Most of it repeats the request, or is always so."""

    id: str
    object: str
    created_at: int
    completed_at: int | None
    status: str
    incomplete_details: None
    model: str
    previous_response_id: None
    instructions: str | None
    output: list[Item] | None
    error: None
    tools: list[Tool]
    tool_choice: str
    truncation: str
    parallel_tool_calls: bool
    text: Text
    top_p: float
    presence_penalty: float
    frequency_penalty: float
    top_logprobs: int
    temperature: float
    reasoning: Effort | None
    usage: Usage | None
    max_output_tokens: int | None
    max_tool_calls: None
    store: bool
    background: bool
    service_tier: str
    metadata: dict[str, str]
    safety_identifier: None
    prompt_cache_key: None


def by_key(value: Any) -> Any:
    """The value with dicts for structs, whose keys gojson sorts; what is omitted is left out."""
    if isinstance(value, Struct):
        fields = ((info, getattr(value, info.name)) for info in structs.fields(value))
        return {info.encode_name: by_key(item) for info, item in fields if not _omits(info, item)}
    return [by_key(item) for item in value] if isinstance(value, list) else value


def _omits(info: structs.FieldInfo, value: Any) -> bool:
    """Whether a field holds its default, so that it is not sent."""
    if info.default_factory is not NODEFAULT:
        return bool(value == info.default_factory())
    return info.default is not NODEFAULT and bool(value == info.default)
