"""Nemotron 3 Nano and 3.5 Nano: tools as for Qwen3-Coder, printed as Python prints them; thinking.

The thinking of answers before the last question is cut down to an empty block. In version 3 the
user and the system may write /think and /no_think; in 3.5 a request may ask for medium effort.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from pyollama.api import Message, ToolCall
from pyollama.gotext import go_value
from pyollama.prompt.jsontext import plain_spaced, sorted_keys
from pyollama.prompt.parsers.machine import SPACE
from pyollama.prompt.renderers.base import Renderer, Think, Tool
from pyollama.prompt.renderers.chatml import (
    ASSISTANT,
    END,
    THINK_END,
    THINK_START,
    header,
    turn,
)
from pyollama.prompt.renderers.images import tagged
from pyollama.prompt.renderers.xmltools import XmlTools
from pyollama.prompt.tools import arguments_object

__all__ = ["Nemotron3", "Nemotron35"]

NO_THINKING = THINK_START + THINK_END
THINK_ON, THINK_OFF = "/think", "/no_think"
MEDIUM_EFFORT = "\n\n{reasoning effort: efficient}"


class Nemotron3(Renderer):
    """The system turn is always there; answers are closed and never gone on with."""

    sees_images = True
    thought = f"{THINK_START}\n%s\n{THINK_END}\n"
    """Where thinking goes, before the content of its answer."""

    def render(self, messages: Sequence[Message], tools: Sequence[Tool], think: Think) -> str:
        """The prompt. Raises EngineError."""
        shown, thinks = self.prepared(tagged(messages), think)
        given = bool(shown) and shown[0].role == "system"
        system = shown[0].content if given else ""
        declared = [TOOLS.declare(tools)] if tools else []
        pieces = [turn("system", "\n\n".join(filter(None, [system, *declared])))]
        pieces += self._turns(shown[1:] if given else shown)
        pieces.append(ASSISTANT + (f"{THINK_START}\n" if thinks else NO_THINKING))
        return "".join(pieces)

    def prepared(self, messages: Sequence[Message], think: Think) -> tuple[Sequence[Message], bool]:
        """The messages without marks for thinking, and whether it is on after all of them."""
        thinks = think is None or bool(think)
        cleaned: list[Message] = []
        for message in messages:
            if message.role in ("user", "system"):
                thinks = _marked(message.content, thinks)
                message = replace(message, content=_unmarked(message.content))
            cleaned.append(message)
        return cleaned, thinks

    def _turns(self, messages: Sequence[Message]) -> Iterator[str]:
        query = _last_user(messages)
        for place, message in enumerate(messages):
            if message.role == "assistant":
                yield turn("assistant", self._answer(message, is_past=place < query))
            elif message.role == "tool":
                yield _tool_response(messages, place)
            else:
                yield turn(message.role, message.content)

    def _answer(self, message: Message, *, is_past: bool) -> str:
        """Thinking, content and calls of the assistant."""
        content = message.content
        if message.thinking.strip(SPACE):
            content = self.thought % message.thinking + content
        elif THINK_START not in content and THINK_END not in content:
            content = NO_THINKING + content
        if not message.tool_calls:
            return (_without_thinking(content) if is_past else content).strip(SPACE)
        if is_past:
            content = NO_THINKING + _after_thinking(content).strip(SPACE)
        return content.strip(SPACE) + "\n" + "".join(map(_call, message.tool_calls))


class Nemotron35(Nemotron3):
    """Texts stay as they are, and thinking stands closer to its tags."""

    thought = f"{THINK_START}\n%s{THINK_END}"

    def prepared(self, messages: Sequence[Message], think: Think) -> tuple[Sequence[Message], bool]:
        """The messages, the last of the user with the effort, and whether thinking is on."""
        shown = list(messages)
        last = _last_user(shown)
        if think == "medium" and last >= 0:
            shown[last] = replace(shown[last], content=shown[last].content + MEDIUM_EFFORT)
        return shown, think is None or bool(think)


def _marked(text: str, thinks: bool) -> bool:
    """Whether thinking is on after a text that may have a mark for it."""
    if THINK_ON in text.replace(THINK_END, ""):
        return True
    return thinks and THINK_OFF not in text


def _unmarked(text: str) -> str:
    """The text without such marks, and without white space around it."""
    parts = text.split(THINK_END)  # which ends in what looks like a mark
    return THINK_END.join(
        part.replace(THINK_ON, "").replace(THINK_OFF, "") for part in parts
    ).strip(SPACE)


def _last_user(messages: Sequence[Message]) -> int:
    """The place of the user's last message; -1 if there is none."""
    users = (place for place, message in enumerate(messages) if message.role == "user")
    return max(users, default=-1)


def _without_thinking(content: str) -> str:
    """An answer with an empty block instead of its thinking, if that is whole."""
    if THINK_START in content and THINK_END in content:
        return NO_THINKING + _after_thinking(content)
    return content


def _after_thinking(content: str) -> str:
    """What follows the last closing tag; without any, what comes before an opening one."""
    if THINK_END in content:
        return content.rpartition(THINK_END)[2]
    return content.partition(THINK_START)[0]


def _tool_response(messages: Sequence[Message], place: int) -> str:
    """The result of a tool; those in a row share a turn, which is not opened at the very start."""
    opens = place > 0 and messages[place - 1].role != "tool"
    closes = place + 1 == len(messages) or messages[place + 1].role != "tool"
    result = f"<tool_response>\n{messages[place].content}\n</tool_response>\n"
    return (header("user") if opens else "") + result + (END if closes else "")


def _call(call: ToolCall) -> str:
    """A call of a tool, with its line end."""
    arguments = "".join(
        f"<parameter={name}>\n{value if isinstance(value, str) else _python(value)}\n</parameter>\n"
        for name, value in arguments_object(call).items()
    )
    return f"<tool_call>\n<function={call.function.name}>\n{arguments}</function>\n</tool_call>\n"


def _python(value: Any) -> str:
    """A value as the family's Python shows it: True, None, and JSON for lists and objects."""
    if value is None or isinstance(value, bool):
        return str(value)
    if isinstance(value, list | Mapping):
        return plain_spaced(sorted_keys(value))
    return go_value(value)


def _python_list(types: Sequence[str]) -> str:
    """Some types as Python shows a list of them."""
    return "[" + ", ".join(f"'{each}'" for each in types) + "]"


TOOLS = XmlTools(value=_python, types=_python_list, text=lambda text: text.strip(SPACE))
