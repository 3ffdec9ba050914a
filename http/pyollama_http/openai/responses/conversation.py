"""Items as the messages of a conversation.

What the model thought and called are items of their own here, and parts of one message there. So
an item may wait for the next one, or become part of the message before it.
"""

from collections.abc import Iterable, Sequence

from msgspec import Struct

from pyollama.api import Message, ToolCall, ToolCallFunction
from pyollama_http.datauris import image_of
from pyollama_http.gojson.scanner import DecodeError
from pyollama_http.openai.messages import arguments_of
from pyollama_http.openai.responses.items import (
    Content,
    ResponsesFileContent,
    ResponsesFunctionCall,
    ResponsesFunctionCallOutput,
    ResponsesImageContent,
    ResponsesInputMessage,
    ResponsesReasoningInput,
    ResponsesTextContent,
)
from pyollama_http.translating import Untranslatable

__all__ = ["native_messages"]

ASSISTANT = "assistant"
NO_FILES = "file inputs are not currently supported"


def native_messages(instructions: str, items: Sequence[Struct]) -> list[Message]:
    """The conversation. Untranslatable for content that no model could be told."""
    conversation = Conversation()
    if instructions:
        conversation.messages.append(Message(role="system", content=instructions))
    for index, item in enumerate(items):
        match item:
            case ResponsesInputMessage():
                conversation.say(item, _next_output(items[index + 1 :]))
            case ResponsesFunctionCall():
                conversation.call(item)
            case ResponsesFunctionCallOutput():
                conversation.tell(item)
            case ResponsesReasoningInput():
                conversation.thinking = item.encrypted_content
    conversation.close()
    return conversation.messages


def _next_output(items: Iterable[Struct]) -> str:
    """The call that is answered before anybody else says something; "" if none is."""
    for item in items:
        if isinstance(item, ResponsesFunctionCallOutput):
            return item.call_id
        if isinstance(item, ResponsesInputMessage) and item.role != ASSISTANT:
            break
    return ""


class Conversation:
    """The messages so far, and thoughts that wait for what the model said after them."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.thinking = ""

    def say(self, item: ResponsesInputMessage, next_output: str) -> None:
        """A message.

        One of the model's between its call and what that gave (next_output is the call's id)
        joins the call's message, since the result must follow on that.
        """
        message = Message(role=item.role, content=_text(item.content), images=_images(item.content))
        if item.role != ASSISTANT:
            self.messages.append(message)
            return
        caller = self._last_of_model()
        if caller and any(call.id == next_output for call in caller.tool_calls):
            caller.content = "\n".join(filter(None, (caller.content, message.content)))
            caller.images = caller.images + message.images
        else:
            self.messages.append(message)
        self._think()

    def call(self, item: ResponsesFunctionCall) -> None:
        """A call: part of the model's message, if that is the last."""
        made = _native_call(item)
        if self._last_of_model() is None:
            self.messages.append(Message(role=ASSISTANT))
        caller = self.messages[-1]
        caller.tool_calls = [*caller.tool_calls, made]
        self._think()

    def tell(self, item: ResponsesFunctionCallOutput) -> None:
        """What a call has given."""
        message = Message(role="tool", content=_text(item.output), images=_images(item.output))
        message.tool_call_id = item.call_id
        self.messages.append(message)

    def close(self) -> None:
        """The end: thoughts that nothing came of are a message."""
        if self.thinking:
            self.messages.append(Message(role=ASSISTANT, thinking=self.thinking))

    def _last_of_model(self) -> Message | None:
        """The last message, if it is the model's."""
        last = self.messages[-1] if self.messages else None
        return last if last and last.role == ASSISTANT else None

    def _think(self) -> None:
        """Put the thoughts that wait into the last message."""
        if self.thinking:
            self.messages[-1].thinking, self.thinking = self.thinking, ""


def _text(content: Content) -> str:
    """The texts, one after the other. Untranslatable for a file."""
    if any(isinstance(part, ResponsesFileContent) for part in content):
        raise Untranslatable(NO_FILES)
    return "".join(part.text for part in content if isinstance(part, ResponsesTextContent))


def _images(content: Content) -> list[bytes]:
    """The images that are there. Untranslatable for one that is not, or is none."""
    parts = (part for part in content if isinstance(part, ResponsesImageContent))
    return [image_of(part.image_url) for part in parts if part.image_url]


def _native_call(item: ResponsesFunctionCall) -> ToolCall:
    """A call. Untranslatable for arguments that are no JSON object."""
    try:
        arguments = arguments_of(item.arguments) if item.arguments else {}
    except DecodeError as error:
        raise Untranslatable(f"failed to parse function call arguments: {error}") from error
    return ToolCall(id=item.call_id, function=ToolCallFunction(name=item.name, arguments=arguments))
