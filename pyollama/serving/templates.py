"""Prompts by the Go template of a model or of a request."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from pyollama.api import ChatRequest, GenerateRequest, Message
from pyollama.gotemplate.prompts import GoPrompt, Think
from pyollama.serving.context import Messages
from pyollama.store import StoredModel

__all__ = ["as_go_sees", "go_prompt", "parsed", "think_of", "with_image_tags"]


@lru_cache(maxsize=64)
def parsed(source: str) -> GoPrompt:
    """A template; those in use are parsed once. Raises ParseError."""
    return GoPrompt(source)


def go_prompt(stored: StoredModel) -> GoPrompt | None:
    """The template layer of a model, if that makes its prompts. Raises ParseError."""
    uses_it = stored.template is not None and stored.uses_go_template
    return parsed(stored.template) if uses_it and stored.template is not None else None


def think_of(call: GenerateRequest | ChatRequest, thinks: bool) -> Think:
    """What a template is told of thinking; where the model can think, somebody always said."""
    is_set = thinks or call.think is not None
    level = call.think if isinstance(call.think, str) else "medium" if thinks else ""
    return Think(on=thinks, level=level, is_set=is_set)


def as_go_sees(message: Message) -> Mapping[str, Any]:
    """A message of a request, as a plain mapping."""
    return {
        "role": message.role.lower(),
        "content": message.content,
        "thinking": message.thinking,
        "images": message.images,
        "tool_name": message.tool_name,
        "tool_call_id": message.tool_call_id,
        "tool_calls": [
            {
                "id": call.id,
                "function": {
                    "index": call.function.index,
                    "name": call.function.name,
                    "arguments": call.function.arguments,
                },
            }
            for call in message.tool_calls
        ],
    }


def with_image_tags(messages: Messages) -> Sequence[Mapping[str, Any]]:
    """The messages with a numbered tag for each image: in its place, or else at the front."""
    tagged, number = [], 0
    for message in messages:
        content, front = message["content"], ""
        for _ in message.get("images") or ():
            tag = f"[img-{number}]"
            if "[img]" in content:
                content = content.replace("[img]", tag, 1)
            else:
                front += tag
            number += 1
        tagged.append({**message, "content": front + content})
    return tagged
