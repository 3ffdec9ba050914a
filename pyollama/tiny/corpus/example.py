"""One training example: a conversation whose last message is the assistant's."""

from dataclasses import dataclass, field
from typing import Any

__all__ = ["Example", "answer", "function_tool", "user"]

Message = dict[str, Any]


@dataclass(frozen=True)
class Example:
    """A conversation, which family of the corpus it belongs to, and how to judge an answer.

    messages: as the chat endpoint takes them; the last one is what the model shall write
    tools:    declarations as the chat endpoint takes them
    keys:     words of which an answer on topic has at least one (lower case); () if none apply
    """

    family: str
    messages: list[Message]
    tools: list[Message] = field(default_factory=list)
    keys: tuple[str, ...] = ()

    @property
    def thinking(self) -> bool:
        """Whether the conversation asks for thinking: the last message holds a thought."""
        return bool(self.messages[-1].get("reasoning_content"))


def user(content: str) -> Message:
    """A user's message."""
    return {"role": "user", "content": content}


def answer(content: str, thought: str = "") -> Message:
    """An assistant's message, with what it thought before if it was asked to think."""
    message: Message = {"role": "assistant", "content": content}
    if thought:
        message["reasoning_content"] = thought
    return message


def function_tool(name: str, description: str, parameters: dict[str, Any]) -> Message:
    """A tool declaration; parameters: name to JSON type, or to the list of allowed values."""
    properties = {
        key: {"type": "string", "enum": kind} if isinstance(kind, list) else {"type": kind}
        for key, kind in parameters.items()
    }
    schema = {"type": "object", "required": list(parameters), "properties": properties}
    function = {"name": name, "description": description, "parameters": schema}
    return {"type": "function", "function": function}
