"""Qwen3.5 and two that follow it: calls of tools in XML elements, tools in JSON, images, thinking.

They differ in whose thinking is shown again. Qwen3.5 shows what came after the last question,
Ornith and Qwen3.8 all of it. Qwen3.8 also gathers what the system says into one turn, and tells
the model there how hard to think.
"""

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from pyollama.api import Message, ToolCall
from pyollama.prompt.jsontext import arg, spaced
from pyollama.prompt.parsers.machine import SPACE
from pyollama.prompt.renderers.base import Renderer, RenderError, Think, Tool
from pyollama.prompt.renderers.chatml import (
    ASSISTANT,
    END,
    HOW_TO_CALL,
    THINK_END,
    THINK_START,
    comes_after,
    last_query,
    tool_response,
    turn,
)
from pyollama.prompt.renderers.images import tagged
from pyollama.prompt.tools import arguments_object, tool_object

__all__ = ["Qwen35", "Qwen38"]

TOOLS = "# Tools\n\nYou have access to the following functions:\n\n<tools>\n"
NO_THINKING = f"{THINK_START}\n\n{THINK_END}\n\n"

LITTLE_EFFORT = (
    "Reasoning effort is set to low. Keep your thinking brief and focused, moving directly to the "
    "conclusion without unnecessary elaboration."
)
MUCH_EFFORT = (
    "Reasoning effort is set to xhigh. Please think carefully through the task, validate key "
    "assumptions, consider plausible alternatives, and prioritize correctness, consistency, and "
    "clarity in the final answer."
)
EFFORTS: dict[Think, str] = {"low": LITTLE_EFFORT}
EFFORTS |= dict.fromkeys([None, "high", "max"], MUCH_EFFORT)


class Qwen35(Renderer):
    """Texts lose the white space around them; only the first message may be the system's.

    keeps_thinking: whether the thinking of earlier answers is shown, and that of all answers
        even when thinking is off
    """

    sees_images = True
    thinking_in_content = True
    """Whether an answer may hold its thinking in the content, before a closing tag."""

    def __init__(self, *, keeps_thinking: bool = False) -> None:
        self.keeps_thinking = keeps_thinking

    def render(self, messages: Sequence[Message], tools: Sequence[Tool], think: Think) -> str:
        """The prompt; a last message of the assistant is gone on with. Raises RenderError."""
        thinks = think is None or bool(think)
        shown = [_trimmed(message) for message in tagged(messages)]
        system = self.system_text(shown, tools, think)
        pieces = [] if system is None else [turn("system", system)]
        pieces += self._turns(self.after_system(shown), thinks)
        if not shown or shown[-1].role != "assistant":
            pieces.append(ASSISTANT + (f"{THINK_START}\n" if thinks else NO_THINKING))
        return "".join(pieces)

    def system_text(
        self, messages: Sequence[Message], tools: Sequence[Tool], think: Think
    ) -> str | None:
        """What the system turn says; None if there is no such turn."""
        given = bool(messages) and messages[0].role == "system"
        text = messages[0].content if given else ""
        if tools:
            return "\n\n".join(filter(None, [_declared(tools), text]))
        return text if given else None

    def after_system(self, messages: Sequence[Message]) -> Sequence[Message]:
        """The messages that have turns of their own."""
        return messages[1:] if messages and messages[0].role == "system" else messages

    def _turns(self, messages: Sequence[Message], thinks: bool) -> Iterator[str]:
        query = last_query(messages)
        for place, message in enumerate(messages):
            if message.role == "assistant":
                shows = self.keeps_thinking or (thinks and comes_after(place, query))
                closing = "" if place + 1 == len(messages) else END
                yield ASSISTANT + self._answer(message, shows) + closing
            elif message.role == "tool":
                yield tool_response(messages, place)
            elif message.role in ("user", "system"):
                yield turn(message.role, message.content)

    def _answer(self, message: Message, shows_thinking: bool) -> str:
        """Thinking, content and calls of the assistant."""
        thinking, content = message.thinking, message.content
        if not thinking and self.thinking_in_content:
            thinking, content = _split_thinking(content)
        opening = ""
        if shows_thinking:
            opening = f"{THINK_START}\n{thinking.strip(SPACE)}\n{THINK_END}\n\n"
        calls = "\n".join(map(_call, message.tool_calls))
        between = "\n\n" if calls and content.strip(SPACE) else ""
        return opening + content + between + calls


class Qwen38(Qwen35):
    """All that the system or the developer says stands in one turn, behind the effort."""

    thinking_in_content = False

    def __init__(self) -> None:
        super().__init__(keeps_thinking=True)

    def render(self, messages: Sequence[Message], tools: Sequence[Tool], think: Think) -> str:
        """The prompt. Raises RenderError if there is no question, or an image where none may be."""
        if not messages:
            raise RenderError("no messages provided")
        for message in messages:
            if message.images and message.role != "user":
                role = "system" if _is_system(message) else message.role
                raise RenderError(f"{role} message cannot contain images")
        shown = [_trimmed(message) for message in messages]
        if last_query(shown) is None:
            raise RenderError("no user query found in messages")
        return super().render(messages, tools, think)

    def system_text(
        self, messages: Sequence[Message], tools: Sequence[Tool], think: Think
    ) -> str | None:
        """Effort, tools, and what was said; None if there is nothing of them."""
        said = [message.content for message in messages if _is_system(message)]
        declared = [_declared(tools)] if tools else []
        parts = [EFFORTS.get(think, ""), *declared, *said]
        return "\n\n".join(filter(None, parts)) or None

    def after_system(self, messages: Sequence[Message]) -> Sequence[Message]:
        """The messages of all others."""
        return [message for message in messages if not _is_system(message)]


def _is_system(message: Message) -> bool:
    return message.role in ("system", "developer")


def _trimmed(message: Message) -> Message:
    """The message without white space around its text."""
    return replace(message, content=message.content.strip(SPACE))


def _declared(tools: Sequence[Tool]) -> str:
    """The tools, and how they are called."""
    functions = "".join(spaced(tool_object(tool)) + "\n" for tool in tools)
    return f"{TOOLS}{functions}</tools>\n\n{HOW_TO_CALL}"


def _split_thinking(content: str) -> tuple[str, str]:
    """Thinking before the first closing tag, and the content behind it."""
    before, tag, after = content.partition(THINK_END)
    if not tag:
        return "", content
    return before.rpartition(THINK_START)[2], after.lstrip("\n")


def _call(call: ToolCall) -> str:
    """A call of a tool."""
    arguments = "".join(
        f"<parameter={name}>\n{arg(value)}\n</parameter>\n"
        for name, value in arguments_object(call).items()
    )
    return f"<tool_call>\n<function={call.function.name}>\n{arguments}</function>\n</tool_call>"
