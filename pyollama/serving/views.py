"""Messages as the templates of both kinds see them."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from pyollama.api import Message
from pyollama.gotext import go_json
from pyollama.prompt.jinja import JsonObject
from pyollama.prompt.tools import arguments_object

WHOLE = re.compile(r"-?\d{1,20}")

__all__ = ["as_go_sees", "as_template_sees", "with_image_tags"]


def as_go_sees(message: Message) -> Mapping[str, Any]:
    """A message as a plain mapping, with all its fields."""
    calls = [
        {
            "id": call.id,
            "function": {
                "index": call.function.index,
                "name": call.function.name,
                "arguments": call.function.arguments,
            },
        }
        for call in message.tool_calls
    ]
    return {
        "role": message.role,
        "content": message.content,
        "thinking": message.thinking,
        "images": message.images,
        "tool_name": message.tool_name,
        "tool_call_id": message.tool_call_id,
        "tool_calls": calls,
    }


def as_template_sees(message: Message) -> Mapping[str, Any]:
    """A message as llama.cpp hands it on; earlier thinking is not shown to the model again."""
    seen: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.tool_calls:
        seen["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {
                    "name": call.function.name,
                    "arguments": JsonObject(as_engine_reads(arguments_object(call))),
                },
            }
            for call in message.tool_calls
        ]
    if message.tool_call_id:
        seen["tool_call_id"] = message.tool_call_id
    if message.tool_name:
        seen["name"] = message.tool_name
    return seen


def as_engine_reads(value: Any) -> Any:
    """A value from JSON after its way through Go and llama.cpp, which tell numbers by their text.

    Go writes a float without a fraction as an integer; llama.cpp keeps 64 bits of it.
    """
    if isinstance(value, dict):
        return {key: as_engine_reads(each) for key, each in value.items()}
    if isinstance(value, list):
        return [as_engine_reads(each) for each in value]
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    text = go_json(value).decode().strip()
    if not WHOLE.fullmatch(text):
        return float(value)
    number = int(text)
    if not -(1 << 63) <= number < 1 << 64:
        return float(number)
    return number - (1 << 64) if number >= 1 << 63 else number


def with_image_tags(messages: Sequence[Message]) -> list[Message]:
    """The messages with a numbered tag for each image: in its place, or else at the front."""
    tagged, number = [], 0
    for message in messages:
        tags = [f"[img-{number + i}]" for i in range(len(message.images))]
        number += len(tags)
        texts = message.content.split("[img]", len(tags))
        n_placed = len(texts) - 1
        placed = (tag + after for tag, after in zip(tags, texts[1:], strict=False))
        content = "".join([*tags[n_placed:], texts[0], *placed])
        tagged.append(replace(message, content=content))
    return tagged
