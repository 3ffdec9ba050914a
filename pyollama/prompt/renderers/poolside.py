"""Poolside's Laguna and its first version: every turn is an element, as in XML.

<user>                      poolside-v1 has no line ends within elements:
{text}
</user>                     <user>{text}</user>
<assistant>
<think>                     <assistant><think>
"""

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pyollama.api import Message, ToolCall
from pyollama.prompt.jsontext import spaced
from pyollama.prompt.parsers.machine import SPACE
from pyollama.prompt.renderers.base import Renderer, Think, Tool
from pyollama.prompt.tools import arguments_object, tool_object

__all__ = ["Laguna", "PoolsideV1"]

BEGIN = "〈|EOS|〉"
WHO = (
    "You are a helpful, conversationally-fluent assistant made by Poolside. You are here to be "
    "helpful to users through natural language conversations."
)
TOOLS = """

### Tools

You may call functions to assist with the user query.
All available function signatures are listed below:
<available_tools>
"""
THINK_FIRST = "Wrap your thinking in '<think>', '</think>' tags, followed by a function call. "
HOW_TO_CALL = (
    "For each function call, return an unescaped XML-like object with function name and arguments "
    "within '<tool_call>' and '</tool_call>' tags, like here:\n"
)
EXAMPLE_THOUGHT = "<think> your thoughts here </think>\n"
EXAMPLE_CALL = """<tool_call>function-name
<arg_key>argument-key</arg_key>
<arg_value>value-of-argument-key</arg_value>
</tool_call>"""


class _Poolside(Renderer):
    """What both versions have in common; `line` is what ends the lines within elements."""

    bos = BEGIN
    line = ""

    def element(self, tag: str, body: str) -> str:
        """A turn."""
        return f"<{tag}>{self.line}{body}{self.line}</{tag}>\n"

    def turns(self, messages: Sequence[Message], thinking: bool) -> Iterator[str]:
        """Each message's turn."""
        for message in messages:
            if message.role == "assistant":
                yield self.assistant(message, thinking)
            elif message.role == "tool":
                yield self.element("tool_response", message.content)
            elif message.role in ("user", "system"):
                yield self.element(message.role, message.content)

    def assistant(self, message: Message, thinking: bool) -> str:
        """An assistant's turn: thought, text and calls."""
        text = f"{message.content}{self.line}" if message.content else ""
        calls = "".join(self.call(call) + self.line for call in message.tool_calls)
        thought = self.thought(message.thinking, thinking)
        return f"<assistant>{self.line}{thought}{self.line}{text}{calls}</assistant>\n"

    @abstractmethod
    def thought(self, thought: str, thinking: bool) -> str:
        """What a turn of the past begins with."""

    def call(self, call: ToolCall) -> str:
        """A call; texts as they are, all other values in JSON."""
        arguments = "".join(
            f"<arg_key>{name}</arg_key>{self.line}<arg_value>{_shown(value)}</arg_value>{self.line}"
            for name, value in arguments_object(call).items()
        )
        return f"<tool_call>{call.function.name}{self.line}{arguments}</tool_call>"


class Laguna(_Poolside):
    """Each part stands on a line of its own; a last answer is left open, to be gone on with."""

    line = "\n"

    def render(self, messages: Sequence[Message], tools: Sequence[Tool], think: Think) -> str:
        """The prompt; thinking is on if it is asked for."""
        system, turns = _split(messages)
        told = self.element("system", f"\n{system}{_declared(tools)}{_taught(tools, bool(think))}")
        text = BEGIN + told + "".join(self.turns(turns, bool(think)))
        if turns and turns[-1].role == "assistant":
            return text.removesuffix("</assistant>\n")
        return text + "<assistant>\n" + ("<think>" if think else "</think>")

    def thought(self, thought: str, thinking: bool) -> str:
        """Thinking is shown again whether it is on or off."""
        return f"<think>\n{thought}\n</think>" if thought else "</think>"


class PoolsideV1(_Poolside):
    """Nothing tells how to call tools, and an answer is always begun anew."""

    def render(self, messages: Sequence[Message], tools: Sequence[Tool], think: Think) -> str:
        """The prompt; thinking is on if it is asked for."""
        system, turns = _split(messages)
        told = self.element("system", system + _declared(tools))
        ending = "<assistant>" + ("<think>" if think else "</think>")
        return BEGIN + told + "".join(self.turns(turns, bool(think))) + ending

    def thought(self, thought: str, thinking: bool) -> str:
        """Thinking is shown again, even if there was none, while it is on."""
        return f"<think>{thought}</think>" if thinking else "</think>"


def _split(messages: Sequence[Message]) -> tuple[str, Sequence[Message]]:
    """What the model is told to be, and the messages behind that."""
    if messages and messages[0].role == "system":
        return messages[0].content.rstrip(SPACE), messages[1:]
    return WHO, messages


def _declared(tools: Sequence[Tool]) -> str:
    """A line for each tool, if there are any."""
    lines = "".join(f"{spaced(tool_object(tool))}\n" for tool in tools)
    return f"{TOOLS}{lines}</available_tools>" if tools else ""


def _taught(tools: Sequence[Mapping[str, Any]], thinking: bool) -> str:
    """How tools are called, if there are any."""
    if not tools:
        return ""
    if thinking:
        return f"\n\n{THINK_FIRST}{HOW_TO_CALL}{EXAMPLE_THOUGHT}{EXAMPLE_CALL}"
    return f"\n\n{HOW_TO_CALL}{EXAMPLE_CALL}"


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else spaced(value)
