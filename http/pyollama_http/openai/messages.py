"""Messages of OpenAI's form as Ollama's: a message with a list of parts becomes one for each."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from pyollama import api
from pyollama_http.datauris import image_of
from pyollama_http.gojson.b64 import decode_base64
from pyollama_http.gojson.bind import Place
from pyollama_http.gojson.scanner import DecodeError, Pairs, unmarshal
from pyollama_http.gojson.values import plain
from pyollama_http.openai.types import Message, ToolCall
from pyollama_http.translating import Untranslatable

__all__ = ["GO_TYPES", "arguments_of", "native_messages"]

GO_TYPES = {
    type(None): "<nil>",
    bool: "bool",
    int: "float64",
    float: "float64",
    str: "string",
    list: "[]interface {}",
    dict: "map[string]interface {}",
}
INVALID = "invalid message format"
INVALID_AUDIO = "invalid input_audio format"


def native_messages(messages: Sequence[Message], *, strict: bool) -> list[api.Message]:
    """The conversation. Untranslatable for content that no model could be told.

    strict: as Ollama, a message of parts may give its calls to the message before it, and the
        answer of a tool in parts does not tell which call it answers
    """
    natives: list[api.Message] = []
    names = called_names(messages)
    for message in messages:
        made = list(_natives(message, names))
        if type(message.content) is not list:
            natives += made
        elif not strict:
            natives += _whole(message, made, names)
        else:
            natives += made
            if natives and message.tool_calls:
                natives[-1] = _with_calls(natives[-1], message)
    return natives


def _natives(message: Message, names: Mapping[str, str]) -> Iterator[api.Message]:
    """The native messages of one message; names are those of the tools that calls called."""
    role, content = message.role.lower(), message.content
    if type(content) is list:
        yield from (_of_part(role, part) for part in content)
    elif type(content) is str or (content is None and message.tool_calls is not None):
        native = api.Message(role=role, content=content or "", thinking=message.reasoning)
        native.tool_calls = native_calls(message.tool_calls or ())
        native.tool_call_id = message.tool_call_id
        if role == "tool" and type(content) is str:
            native.tool_name = message.name or names.get(message.tool_call_id, "")
        yield native
    else:
        raise Untranslatable(f"invalid message content type: {GO_TYPES[type(content)]}")


def _whole(
    message: Message, made: list[api.Message], names: Mapping[str, str]
) -> list[api.Message]:
    """The messages of the parts, with what stands beside the parts."""
    role = message.role.lower()
    if role == "tool":
        name = message.name or names.get(message.tool_call_id, "")
        return [replace(each, tool_name=name, tool_call_id=message.tool_call_id) for each in made]
    if not message.tool_calls and not message.reasoning:
        return made
    *first, last = made or [api.Message(role=role)]
    return [*first, _with_calls(last, message)]


def _with_calls(native: api.Message, message: Message) -> api.Message:
    """The message with the calls and the thoughts of another."""
    return replace(
        native,
        thinking=message.reasoning,
        tool_calls=native_calls(message.tool_calls or ()),
        tool_call_id=message.tool_call_id,
    )


def _of_part(role: str, part: Any) -> api.Message:
    """The message that one part of a content becomes."""
    match part:
        case {"type": "text", "text": str(text)}:
            return api.Message(role=role, content=text)
        case {"type": "image_url", "image_url": {"url": str(url)} | str(url)}:
            return api.Message(role=role, images=[image_of(url)])
        case {"type": "input_audio"}:
            return api.Message(role=role, images=[_audio(part.get("input_audio"))])
    raise Untranslatable(INVALID)


def _audio(given: Any) -> bytes:
    """The bytes of a recording."""
    if not isinstance(given, dict):
        raise Untranslatable(INVALID_AUDIO)
    data = given.get("data")
    if not isinstance(data, str):
        raise Untranslatable(f"{INVALID_AUDIO}: missing data")
    try:
        return decode_base64(data)
    except ValueError as error:
        raise Untranslatable(f"invalid input_audio base64 data: {error}") from error


def called_names(conversation: Sequence[Message]) -> dict[str, str]:
    """The tool of each call, by its id: the last message that has it counts, in it the first."""
    return {
        call.id: call.function.name
        for message in conversation
        for call in reversed(message.tool_calls or ())
    }


def native_calls(calls: Sequence[ToolCall]) -> list[api.ToolCall]:
    """The calls of a message. Untranslatable for arguments that are no JSON object."""
    return [_native_call(call) for call in calls]


def _native_call(call: ToolCall) -> api.ToolCall:
    try:
        arguments = arguments_of(call.function.arguments)
    except DecodeError as error:
        raise Untranslatable("invalid tool call arguments") from error
    function = api.ToolCallFunction(name=call.function.name, arguments=arguments)
    return api.ToolCall(id=call.id, function=function)


def arguments_of(text: str) -> dict[str, Any]:
    """The JSON object that a text holds, its keys in their order. DecodeError for anything else."""
    tree = unmarshal(text.encode("utf-8", "surrogatepass"))
    if not isinstance(tree, Pairs):
        raise DecodeError("Value looks like object, but can't find closing '}' symbol")
    place = Place()
    arguments: dict[str, Any] = plain(tree, place)
    if place.notes:
        raise DecodeError(place.notes[0])
    return arguments
