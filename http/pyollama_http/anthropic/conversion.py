"""Messages of Anthropic's form as Ollama's: one for each, and one for each result of a tool."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from pyollama import api
from pyollama_http.anthropic.types import ContentBlock, ImageSource, MessageParam
from pyollama_http.gojson.b64 import decode_base64
from pyollama_http.translating import Untranslatable

__all__ = ["native_messages"]


def native_messages(system: Any, messages: Iterable[MessageParam]) -> list[api.Message]:
    """The conversation. Untranslatable for an image or a call that lacks what it needs."""
    text = _joined_texts(system)
    natives = [api.Message(role="system", content=text)] if text else []
    for message in messages:
        natives += _natives(message)
    return natives


def _joined_texts(content: Any) -> str:
    """A text, or that of the blocks of a free-form list; "" of anything else."""
    if isinstance(content, str):
        return content
    return "".join(_texts(content)) if isinstance(content, list) else ""


def _texts(blocks: list[Any]) -> Iterator[str]:
    for block in blocks:
        match block:
            case {"type": "text", "text": str(text)}:
                yield text


def _natives(message: MessageParam) -> list[api.Message]:
    """What a message becomes. What a user's tools gave stands before what the user says to it."""
    turn = _Turn(message.role.lower())
    for block in message.content:
        turn.add(block)
    said = turn.said()
    return [*turn.results, *said] if turn.role == "user" else [*said, *turn.results]


@dataclass
class _Turn:
    """What the blocks of a message hold."""

    role: str
    texts: list[str] = field(default_factory=list)
    thinking: str = ""
    images: list[bytes] = field(default_factory=list)
    calls: list[api.ToolCall] = field(default_factory=list)
    results: list[api.Message] = field(default_factory=list)

    def add(self, block: ContentBlock) -> None:
        """Take a block; one of an unknown type is passed over."""
        match block.type:
            case "text":
                self.texts.append(block.text or "")
            case "thinking":
                self.thinking = self.thinking if block.thinking is None else block.thinking
            case "image":
                self.images.append(_image(block.source))
            case "tool_use":
                self.calls.append(_checked_call(block))
            case "server_tool_use":
                self.calls.append(_call(block))
            case "tool_result":
                self.results.append(_result(block))
            case "web_search_tool_result":
                self.results.append(_answer(block, _pages(block.content)))

    def said(self) -> list[api.Message]:
        """The message itself, if it holds anything."""
        text = "".join(self.texts)
        if not (text or self.thinking or self.images or self.calls):
            return []
        message = api.Message(role=self.role, content=text, thinking=self.thinking)
        message.images, message.tool_calls = self.images, self.calls
        return [message]


def _image(source: ImageSource | None) -> bytes:
    """The bytes of an image."""
    if source is None:
        raise Untranslatable("invalid image source")
    return _image_of(source.type, source.data)


def _image_of(kind: str, data: str) -> bytes:
    if kind != "base64":
        raise Untranslatable(
            f"invalid image source type: {kind}. Only base64 images are supported."
        )
    try:
        return decode_base64(data)
    except ValueError as error:
        raise Untranslatable(f"invalid base64 image data: {error}") from error


def _checked_call(block: ContentBlock) -> api.ToolCall:
    """A call that says what it calls, and how its result will name it."""
    for name in ("id", "name"):
        if not getattr(block, name):
            raise Untranslatable(f"tool_use block missing required '{name}' field")
    return _call(block)


def _call(block: ContentBlock) -> api.ToolCall:
    function = api.ToolCallFunction(name=block.name, arguments=block.input or {})
    return api.ToolCall(id=block.id, function=function)


def _result(block: ContentBlock) -> api.Message:
    """What a tool has given: its text, and the images among it."""
    message = _answer(block, _joined_texts(block.content))
    if isinstance(block.content, list):
        message.images = list(_images(block.content))
    return message


def _answer(block: ContentBlock, text: str) -> api.Message:
    """The message of a tool."""
    return api.Message(role="tool", content=text, tool_call_id=block.tool_use_id)


def _images(blocks: list[Any]) -> Iterator[bytes]:
    """The images of a free-form list."""
    for block in blocks:
        match block:
            case {"type": "image", "source": dict(source)}:
                kind, data = source.get("type"), source.get("data")
                yield _image_of(str(kind or ""), data if isinstance(data, str) else "")
            case {"type": "image"}:
                raise Untranslatable("invalid tool_result image source")


def _pages(content: Any) -> str:
    """The pages that a search has found, or why it found none."""
    match content:
        case str():
            return content
        case {"type": "web_search_tool_result_error", "error_code": str(code)}:
            return f"web_search_tool_result_error: {code}"
        case list():
            return "".join(map(_page, content))
    return ""


def _page(item: Any) -> str:
    """A line, if it is a page that was found."""
    match item:
        case {"type": "web_search_result", "title": str(title), "url": str(url)}:
            return f"- {title}: {url}\n"
    return ""
