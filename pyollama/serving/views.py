"""Messages as the templates of both kinds see them."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from pyollama.api import Message
from pyollama.prompt.jinja import JsonObject

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
                    "arguments": JsonObject(call.function.arguments),
                },
            }
            for call in message.tool_calls
        ]
    if message.tool_call_id:
        seen["tool_call_id"] = message.tool_call_id
    if message.tool_name:
        seen["name"] = message.tool_name
    return seen


def with_image_tags(messages: Sequence[Message]) -> list[Message]:
    """The messages with a numbered tag for each image: in its place, or else at the front."""
    tagged, number = [], 0
    for message in messages:
        content, front = message.content, ""
        for _ in message.images:
            tag = f"[img-{number}]"
            if "[img]" in content:
                content = content.replace("[img]", tag, 1)
            else:
                front += tag
            number += 1
        tagged.append(replace(message, content=front + content))
    return tagged
