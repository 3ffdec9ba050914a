"""Short ways to write messages, calls of tools and tools."""

from typing import Any

from pyollama.api import Message, ToolCall, ToolCallFunction

__all__ = ["answer", "call", "image_of", "result", "system", "tool", "user"]


def system(content: str) -> Message:
    """What the system says."""
    return Message(role="system", content=content)


def user(content: str, *, n_images: int = 0) -> Message:
    """A message of the user."""
    return Message(role="user", content=content, images=[b"image"] * n_images)


def answer(content: str = "", *calls: ToolCall, thinking: str = "") -> Message:
    """An answer of the assistant."""
    return Message(role="assistant", content=content, thinking=thinking, tool_calls=list(calls))


def result(content: str) -> Message:
    """The result of a tool."""
    return Message(role="tool", content=content)


def call(name: str, /, **arguments: Any) -> ToolCall:
    """A call of a tool."""
    return ToolCall(function=ToolCallFunction(name=name, arguments=arguments))


def image_of(role: str) -> Message:
    """A message that is nothing but an image."""
    return Message(role=role, images=[b"image"])


def tool(name: str, description: str = "", /, **parameters: Any) -> dict[str, Any]:
    """A tool, with what `parameters` holds of its schema."""
    schema = {"type": "object", "properties": {}, **parameters}
    function = {"name": name, "description": description, "parameters": schema}
    return {"type": "function", "function": function}
