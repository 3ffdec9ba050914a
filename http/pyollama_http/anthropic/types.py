"""The request of /v1/messages, as tables for gojson.

Names and packages of the classes show in the words of errors. What only this server knows is at
the end, as free-form values that nobody looks at before they are used.
"""

from typing import Any, ClassVar

from msgspec import Struct, field

from pyollama.api import RawJSON
from pyollama_http import gojson
from pyollama_http.gojson.bind import (
    GO_NAMES,
    MISSING,
    PARSERS,
    VERBATIM,
    Place,
    fold,
    own_parser,
    parser_of,
    zero,
)
from pyollama_http.gojson.fields import ordered_map
from pyollama_http.gojson.scanner import DecodeError, Pairs, Tree, scan
from pyollama_http.gojson.values import plain

__all__ = [
    "ContentBlock",
    "ImageSource",
    "MessageParam",
    "MessagesRequest",
    "OutputConfig",
    "ThinkingConfig",
    "Tool",
    "ToolChoice",
]

MISSING_CONTENT = "unexpected end of JSON input"
GO_MESSAGE = (
    'struct { Role string "json:\\"role\\""; Content json.RawMessage "json:\\"content\\"" }'
)


class AnthropicStruct(Struct, kw_only=True, omit_defaults=True):
    """A struct of Ollama's package anthropic."""

    go_package: ClassVar[str] = "anthropic"


class Arguments(dict[str, Any]):
    """What a tool is called with, its keys in their order."""


class Tools(list["Tool"]):
    """The tools, each with its schema as the client wrote it."""


class ImageSource(AnthropicStruct):
    """Where an image is."""

    type: str = ""
    media_type: str = ""
    data: str = ""
    url: str = ""


class ContentBlock(AnthropicStruct):
    """A part of a message; which fields it has depends on its type."""

    type: str
    text: str | None = None
    source: ImageSource | None = None
    id: str = ""
    name: str = ""
    input: Arguments | None = None
    tool_use_id: str = ""
    content: Any = None
    is_error: bool = False
    thinking: str | None = None
    signature: str = ""


class MessageParam(AnthropicStruct):
    """A message of the conversation; content that is text is one block of it."""

    role: str
    content: list[ContentBlock]


class Tool(AnthropicStruct):
    """A tool of the client's, or one that is built in, by its type."""

    type: str = ""
    name: str = ""
    description: str = ""
    input_schema: RawJSON | None = None
    max_uses: int = 0


class ToolChoice(AnthropicStruct):
    """Which tool shall be called: auto, any, tool or none."""

    type: str = ""
    name: str = ""
    disable_parallel_tool_use: bool = False


class ThinkingConfig(AnthropicStruct):
    """Whether to think; nobody counts the tokens of it."""

    type: str = ""
    budget_tokens: int = 0


class Metadata(AnthropicStruct):
    """About the request."""

    user_id: str = ""


class OutputConfig(AnthropicStruct):
    """How hard to think, and (as only this server knows) what form to keep to."""

    effort: str = ""
    format: RawJSON | None = None


class MessagesRequest(AnthropicStruct):
    """POST /v1/messages, and /v1/messages/count_tokens."""

    model: str = ""
    max_tokens: int = 0
    messages: list[MessageParam] = field(default_factory=list)
    system: Any = None
    stream: bool = False
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    stop_sequences: list[str] = field(default_factory=list)
    tools: Tools = field(default_factory=Tools)
    tool_choice: ToolChoice | None = None
    thinking: ThinkingConfig | None = None
    metadata: Metadata | None = None
    output_config: OutputConfig | None = None

    options: Any = None
    keep_alive: Any = None


def _message(tree: Tree, place: Place) -> Any:
    """A message. Its content is bound in the message's own place, as errors show."""
    if tree is not None and not isinstance(tree, Pairs):
        return place.mismatch(tree, GO_MESSAGE)
    given = {fold(key): value for key, value in tree or ()}
    role = parser_of(str)(given.get("role"), place.below("", "role"))
    if place.notes:
        return MISSING
    if "content" not in given:
        raise DecodeError(MISSING_CONTENT)
    content = given["content"]
    if type(content) is str:
        content = [Pairs([("type", "text"), ("text", content)])]
    blocks = parser_of(list[ContentBlock])(content, place)
    return MessageParam(
        role="" if role is MISSING else role, content=[] if blocks is MISSING else blocks
    )


def _arguments(tree: Tree, place: Place) -> Any:
    """An object, or nothing."""
    pairs = ordered_map(tree, place)
    return MISSING if pairs is None else plain(pairs, place)


def _tools(tree: Tree, place: Place) -> Any:
    """The tools. Blanks in a schema count where tokens are estimated, so its text is kept."""
    assert isinstance(tree, RawJSON)
    items, spans = scan(tree)
    if type(items) is not list:
        return MISSING if items is None else place.mismatch(items, GO_NAMES[Tools])
    tools = Tools()
    for item, span in zip(items, spans, strict=True):
        if isinstance(item, Pairs):
            item = gojson.with_text(Tool, tree[slice(*span)], item)
        tool = parser_of(Tool)(item, place)
        tools.append(zero(Tool) if tool is MISSING else tool)
    return tools


PARSERS.update(
    {
        MessageParam: own_parser(_message),
        Arguments: own_parser(_arguments),
        Tools: _tools,
    }
)
VERBATIM.add(_tools)
GO_NAMES[Tools] = "[]anthropic.Tool"
