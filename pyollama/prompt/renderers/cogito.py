"""Cogito: DeepSeek's tokens around a system text of its own, and tools in indented JSON."""

from collections.abc import Iterator, Sequence
from typing import Any

from pyollama.api import Message
from pyollama.prompt.jsontext import compact, require_shallow
from pyollama.prompt.renderers.base import Renderer, Think, Tool
from pyollama.prompt.renderers.deepseek import BEGIN, END
from pyollama.prompt.tools import arguments_object, tool_object

__all__ = ["Cogito"]

THINKING = "Enable deep thinking subroutine.\n\n"
WHO = (
    "You are Cogito, an AI assistant created by Deep Cogito, which is an AI research lab based in "
    "San Francisco."
)
TOOLS = "\nYou have the following functions available:\n"
INDENT = "    "


class Cogito(Renderer):
    """A user's message already ends with the opening of the answer to it."""

    bos = BEGIN

    def render(self, messages: Sequence[Message], tools: Sequence[Tool], think: Think) -> str:
        """The prompt; of system messages only the first message of all counts."""
        first = messages[:1] if messages and messages[0].role == "system" else []
        system = first[0].content if first else ""
        turns = [each for each in messages if each.role in ("user", "assistant", "tool")]
        open_already = bool(turns) and turns[-1].role == "user"
        return (
            BEGIN
            + _system(system, tools, bool(think))
            + "".join(_turns(messages[len(first) :]))
            + ("" if open_already else "<｜Assistant｜>")
            + ("<think>\n" if think else "")
        )


def _system(text: str, tools: Sequence[Tool], thinking: bool) -> str:
    """Who Cogito is, what it was told to be, and its tools."""
    told = f"\n\n{text}" + ("\n\n" if thinking else "") if text else ""
    declared = "".join(f"```json\n{indented(tool_object(tool))}\n```\n" for tool in tools)
    return (THINKING if thinking else "") + WHO + told + (TOOLS + declared if tools else "")


def _turns(messages: Sequence[Message]) -> Iterator[str]:
    """Each message's text; results that follow each other share one pair of tags."""
    previous = ""
    roles = [*(message.role for message in messages), ""]
    for message, next_role in zip(messages, roles[1:], strict=True):
        if message.role == "user":
            yield f"<｜User｜>{message.content}<｜Assistant｜>"
        elif message.role == "assistant":
            yield message.content + _calls(message) + END
        elif message.role == "tool":
            yield "\n" if previous == "tool" else "<｜tool▁outputs▁begin｜>"
            yield f"<｜tool▁output▁begin｜>{message.content}<｜tool▁output▁end｜>"
            yield "" if next_role == "tool" else "<｜tool▁outputs▁end｜>"
        previous = message.role


def _calls(message: Message) -> str:
    """The calls of one answer, a line between them; nothing if it has none."""
    calls = "\n".join(
        f"<｜tool▁call▁begin｜>function<｜tool▁sep｜>{call.function.name}\n"
        f"```json\n{compact(arguments_object(call))}\n```<｜tool▁call▁end｜>"
        for call in message.tool_calls
    )
    return f"<｜tool▁calls▁begin｜>{calls}<｜tool▁calls▁end｜>" if calls else ""


def indented(value: Any, depth: int = 0) -> str:
    """JSON with a line for each item, as Go's MarshalIndent writes it. Raises EngineError."""
    require_shallow(depth)
    inner = "\n" + INDENT * (depth + 1)
    if isinstance(value, dict) and value:
        lines = (f"{compact(key)}: {indented(item, depth + 1)}" for key, item in value.items())
        return "{" + inner + f",{inner}".join(lines) + "\n" + INDENT * depth + "}"
    if isinstance(value, list) and value:
        lines = (indented(item, depth + 1) for item in value)
        return "[" + inner + f",{inner}".join(lines) + "\n" + INDENT * depth + "]"
    return compact(value)
