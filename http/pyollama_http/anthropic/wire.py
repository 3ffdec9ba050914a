"""The answers of /v1/messages, and the events of a stream, in the order of keys in which they are
sent.

A field without a default is always sent, as are the types, which tell what a thing is.
"""

from typing import Any

from msgspec import Struct

__all__ = [
    "Block",
    "ContentBlockDelta",
    "ContentBlockStart",
    "ContentBlockStop",
    "CountResponse",
    "Event",
    "InputJSONDelta",
    "MessageDelta",
    "MessageStart",
    "MessageStop",
    "MessagesResponse",
    "ServerToolUseBlock",
    "StartedMessage",
    "Stopped",
    "TextBlock",
    "TextDelta",
    "ThinkingBlock",
    "ThinkingDelta",
    "ToolUseBlock",
    "Usage",
    "WebSearchResult",
    "WebSearchToolResultBlock",
    "WebSearchToolResultError",
]


class Usage(Struct):
    """Tokens of the prompt, and of the answer."""

    input_tokens: int
    output_tokens: int


class CountResponse(Struct):
    """The answer of /v1/messages/count_tokens."""

    input_tokens: int


class ThinkingBlock(Struct, kw_only=True):
    """What the model thought; nobody has signed it."""

    type: str = "thinking"
    thinking: str


class TextBlock(Struct, kw_only=True):
    """What it said."""

    type: str = "text"
    text: str


class ToolUseBlock(Struct, kw_only=True):
    """A tool that the client shall run, or that has been run here if its name is so."""

    type: str = "tool_use"
    id: str
    name: str
    input: dict[str, Any]


class ServerToolUseBlock(Struct, kw_only=True):
    """A tool that was run here."""

    type: str = "server_tool_use"
    id: str
    name: str
    input: dict[str, Any]


class WebSearchResult(Struct, kw_only=True):
    """A page that was found."""

    type: str = "web_search_result"
    url: str
    title: str


class WebSearchToolResultError(Struct, kw_only=True):
    """Why there are no pages."""

    type: str = "web_search_tool_result_error"
    error_code: str


class WebSearchToolResultBlock(Struct, kw_only=True):
    """What a search has found."""

    type: str = "web_search_tool_result"
    tool_use_id: str
    content: list[WebSearchResult] | WebSearchToolResultError | None


Block = ThinkingBlock | TextBlock | ToolUseBlock | ServerToolUseBlock | WebSearchToolResultBlock


class MessagesResponse(Struct, kw_only=True, omit_defaults=True):
    """A whole answer."""

    id: str
    type: str
    role: str
    model: str
    content: list[Block] | None
    stop_reason: str = ""
    usage: Usage


class StartedMessage(Struct):
    """An answer of which nothing is known but how long its prompt may be."""

    id: str
    type: str
    role: str
    model: str
    content: list[Block]
    usage: Usage


class MessageStart(Struct, kw_only=True):
    """The first event."""

    type: str = "message_start"
    message: StartedMessage


class ContentBlockStart(Struct, kw_only=True):
    """A block begins."""

    type: str = "content_block_start"
    index: int
    content_block: Block


class TextDelta(Struct, kw_only=True):
    """More text."""

    type: str = "text_delta"
    text: str


class ThinkingDelta(Struct, kw_only=True):
    """More thoughts."""

    type: str = "thinking_delta"
    thinking: str


class InputJSONDelta(Struct, kw_only=True):
    """The input of a tool, as JSON text."""

    type: str = "input_json_delta"
    partial_json: str


class ContentBlockDelta(Struct, kw_only=True):
    """The block that was begun last goes on."""

    type: str = "content_block_delta"
    index: int
    delta: TextDelta | ThinkingDelta | InputJSONDelta


class ContentBlockStop(Struct, kw_only=True):
    """A block ends."""

    type: str = "content_block_stop"
    index: int


class Stopped(Struct, omit_defaults=True):
    """Why the answer ends, if that is known."""

    stop_reason: str = ""


class MessageDelta(Struct, kw_only=True):
    """The answer is complete."""

    type: str = "message_delta"
    delta: Stopped
    usage: Usage


class MessageStop(Struct, kw_only=True):
    """The last event."""

    type: str = "message_stop"


Event = (
    MessageStart
    | ContentBlockStart
    | ContentBlockDelta
    | ContentBlockStop
    | MessageDelta
    | MessageStop
)
