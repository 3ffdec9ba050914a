"""Items as the messages of a conversation.

What the model thought and called are items of their own here, and parts of one message there. So
an item may wait for the next one, or become part of the message before it.
"""

from collections.abc import Sequence

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
        conversation.add(Message(role="system", content=instructions))
    for item, next_output in zip(items, _next_outputs(items), strict=True):
        match item:
            case ResponsesInputMessage():
                conversation.say(item, next_output)
            case ResponsesFunctionCall():
                conversation.call(item)
            case ResponsesFunctionCallOutput():
                conversation.tell(item)
            case ResponsesReasoningInput():
                conversation.thinking = item.encrypted_content
    conversation.close()
    return conversation.messages


def _next_outputs(items: Sequence[Struct]) -> list[str]:
    """For each item, the call that is answered before anybody else says something; or ""."""
    found, next_output = [], ""
    for item in reversed(items):
        found.append(next_output)
        if isinstance(item, ResponsesFunctionCallOutput):
            next_output = item.call_id
        elif isinstance(item, ResponsesInputMessage) and item.role != ASSISTANT:
            next_output = ""
    return found[::-1]


class Conversation:
    """The messages so far, and thoughts that wait for what the model said after them.

    texts, called: of the last message, what was said in it and the ids of its calls
    """

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.thinking = ""
        self.texts: list[str] = []
        self.called: set[str] = set()

    def say(self, item: ResponsesInputMessage, next_output: str) -> None:
        """A message.

        One of the model's between its call and what that gave (next_output is the call's id)
        joins the call's message, since the result must follow on that.
        """
        text, images = _text(item.content), _images(item.content)
        if item.role != ASSISTANT:
            self.add(Message(role=item.role, content=text, images=images))
        elif next_output in self.called:
            self.texts.append(text)
            self.messages[-1].images.extend(images)
            self._think()
        else:
            self.add(Message(role=ASSISTANT, content=text, images=images))
            self._think()

    def call(self, item: ResponsesFunctionCall) -> None:
        """A call: part of the model's message, if that is the last."""
        made = _native_call(item)
        if not self.messages or self.messages[-1].role != ASSISTANT:
            self.add(Message(role=ASSISTANT))
        self.messages[-1].tool_calls.append(made)
        self.called.add(item.call_id)
        self._think()

    def tell(self, item: ResponsesFunctionCallOutput) -> None:
        """What a call has given."""
        text, images = _text(item.output), _images(item.output)
        self.add(Message(role="tool", content=text, images=images, tool_call_id=item.call_id))

    def add(self, message: Message) -> None:
        """The next message; the one before it is complete."""
        self._complete()
        self.messages.append(message)
        self.texts, self.called = [message.content], set()

    def close(self) -> None:
        """The end: thoughts that nothing came of are a message."""
        self._complete()
        if self.thinking:
            self.messages.append(Message(role=ASSISTANT, thinking=self.thinking))

    def _complete(self) -> None:
        """Put what was said in the last message together."""
        if len(self.texts) > 1:
            self.messages[-1].content = "\n".join(filter(None, self.texts))

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
