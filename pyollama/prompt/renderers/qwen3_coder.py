"""Qwen3-Coder: tools and calls of tools in XML elements, and no thinking."""

from collections.abc import Sequence

from pyollama.api import Message, ToolCall
from pyollama.prompt.jsontext import arg, compact
from pyollama.prompt.renderers.base import Renderer, Think, Tool
from pyollama.prompt.renderers.chatml import ASSISTANT, END, tool_response, turn
from pyollama.prompt.renderers.xmltools import XmlTools
from pyollama.prompt.tools import arguments_object

__all__ = ["Qwen3Coder"]

DEFAULT_SYSTEM = (
    "You are Qwen, a helpful AI assistant that can interact with a computer to solve tasks."
)
TOOLS = XmlTools(value=arg, types=compact)


class Qwen3Coder(Renderer):
    """Of all system messages the first that says something counts, wherever it stands."""

    def render(self, messages: Sequence[Message], tools: Sequence[Tool], think: Think) -> str:
        """The prompt; a last message of the assistant is gone on with."""
        systems = (message.content for message in messages if message.role == "system")
        turns = [message for message in messages if message.role != "system"]
        pieces = [_system(next(filter(None, systems), ""), tools)]
        pieces += (_turn(turns, place) for place in range(len(turns)))
        if not turns or turns[-1].role != "assistant":
            pieces.append(ASSISTANT)
        return "".join(pieces)


def _system(system: str, tools: Sequence[Tool]) -> str:
    """The system turn, which tools need; without them a text is needed."""
    if tools:
        return turn("system", f"{system or DEFAULT_SYSTEM}\n\n{TOOLS.declare(tools)}")
    return turn("system", system) if system else ""


def _turn(messages: Sequence[Message], place: int) -> str:
    """One message; a turn that calls tools is closed even if it is the last."""
    message = messages[place]
    if message.role == "tool":
        return tool_response(messages, place)
    if message.role != "assistant":
        return turn(message.role, message.content)
    if message.tool_calls:
        content = f"{message.content}\n" if message.content else ""
        return turn("assistant", content + "".join(map(_call, message.tool_calls)))
    return ASSISTANT + message.content + ("" if place + 1 == len(messages) else END)


def _call(call: ToolCall) -> str:
    """A call of a tool, on lines of its own."""
    arguments = "".join(
        f"\n<parameter={name}>\n{arg(value)}\n</parameter>"
        for name, value in arguments_object(call).items()
    )
    return f"\n<tool_call>\n<function={call.function.name}>{arguments}\n</function>\n</tool_call>"
