"""The request of /v1/responses as a table for gojson; its input has a module of its own, items.

As in the older endpoints, what Ollama would not know is at the end, as free-form values.
"""

from typing import Any

from msgspec import field

from pyollama.api import RawJSON
from pyollama_http.openai.responses.items import Input
from pyollama_http.openai.types import OpenAIStruct

__all__ = [
    "ResponsesReasoning",
    "ResponsesRequest",
    "ResponsesText",
    "ResponsesTextFormat",
    "ResponsesTool",
]


class ResponsesReasoning(OpenAIStruct):
    """How hard to think; that thoughts may be summed up is passed over."""

    effort: str = ""
    generate_summary: str = ""
    summary: str = ""


class ResponsesTextFormat(OpenAIStruct):
    """The format to keep to."""

    type: str = ""
    name: str = ""
    schema: RawJSON | None = None
    strict: bool | None = None


class ResponsesText(OpenAIStruct):
    """How the answer's text shall be."""

    format: ResponsesTextFormat | None = None


class ResponsesTool(OpenAIStruct):
    """A function, a namespace of tools, the built-in search, or what this server does not know."""

    type: str = ""
    name: str = ""
    description: str | None = None
    strict: bool | None = None
    parameters: dict[str, Any] | None = None
    tools: "list[ResponsesTool]" = field(default_factory=list)


class ResponsesRequest(OpenAIStruct):
    """POST /v1/responses."""

    model: str = ""
    background: bool = False
    include: list[str] = field(default_factory=list)
    input: Input = field(default_factory=Input)
    instructions: str = ""
    max_output_tokens: int | None = None
    reasoning: ResponsesReasoning | None = None
    stream: bool | None = None
    temperature: float | None = None
    text: ResponsesText | None = None
    tools: list[ResponsesTool] = field(default_factory=list)
    top_p: float | None = None
    truncation: str | None = None

    tool_choice: Any = None
    options: Any = None
    keep_alive: Any = None
