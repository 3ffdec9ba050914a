"""The messages that a prompt is made of: system, stored with the model, of the request."""

from collections.abc import Sequence

from msgspec.structs import replace

from pyollama.api import Message
from pyollama.prompt.thinking import ThinkingSplitter
from pyollama.store import StoredModel

__all__ = ["conversation", "with_system", "without_old_thinking"]


def conversation(stored: StoredModel, system: str, messages: Sequence[Message]) -> list[Message]:
    """The system message, the messages stored with the model, and then those of the request."""
    kept = [Message(role=each.role.lower(), content=each.content) for each in stored.messages]
    own = [replace(each, role=each.role.lower()) for each in messages]
    return with_system(system, without_old_thinking(stored, [*kept, *own]))


def with_system(system: str, messages: Sequence[Message]) -> list[Message]:
    """The messages behind a system message, if there is one."""
    return [*([Message(role="system", content=system)] if system else []), *messages]


def without_old_thinking(stored: StoredModel, messages: Sequence[Message]) -> list[Message]:
    """The messages without what the assistant thought before the last question.

    Models of the family qwen3 and deepseek-r1 were trained so.
    """
    if stored.config.model_family != "qwen3" and stored.name.model != "deepseek-r1":
        return list(messages)
    users = [place for place, message in enumerate(messages) if message.role == "user"]
    last = users[-1] if users else -1
    return [
        replace(message, content=unthought(message.content))
        if message.role == "assistant" and place < last
        else message
        for place, message in enumerate(messages)
    ]


def unthought(content: str) -> str:
    """A text without the section of thinking that it begins with."""
    splitter = ThinkingSplitter()
    return splitter.push(content).content + splitter.flush().content
