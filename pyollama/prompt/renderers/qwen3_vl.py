"""Qwen3-VL: sees images, and writes calls of tools as JSON; its thinking variant thinks first."""

from collections.abc import Sequence

from pyollama.api import Message, ToolCall
from pyollama.prompt.jsontext import spaced
from pyollama.prompt.renderers.base import Renderer, Think, Tool
from pyollama.prompt.renderers.chatml import (
    ASSISTANT,
    END,
    THINK_END,
    THINK_START,
    comes_after,
    last_query,
    tool_response,
    turn,
)
from pyollama.prompt.renderers.images import tagged
from pyollama.prompt.tools import arguments_object, tool_object

__all__ = ["Qwen3VL"]

TOOLS = """# Tools

You may call one or more functions to assist with the user query.

You are provided with function signatures within <tools></tools> XML tags:
<tools>
"""
HOW_TO_CALL = """
</tools>

For each function call, return a json object with function name and arguments within \
<tool_call></tool_call> XML tags:
<tool_call>
{"name": <function-name>, "arguments": <args-json-object>}
</tool_call>"""


class Qwen3VL(Renderer):
    """Only the first message may be the system's; others of the system are turns of their own.

    thinks: whether the variant thinks if nobody says
    """

    sees_images = True

    def __init__(self, *, thinks: bool) -> None:
        self.thinks = thinks

    def render(self, messages: Sequence[Message], tools: Sequence[Tool], think: Think) -> str:
        """The prompt; a last message of the assistant is gone on with."""
        thinks = self.thinks if think is None else bool(think)
        shown = tagged(messages)
        query = last_query(shown)
        pieces = [_system(shown, tools)]
        for place, message in enumerate(shown):
            if message.role == "assistant":
                pieces.append(_answer(shown, place, thinks=thinks and comes_after(place, query)))
            elif message.role == "tool":
                pieces.append(tool_response(shown, place))
            elif message.role == "user" or (message.role == "system" and place > 0):
                pieces.append(turn(message.role, message.content))
        if not shown or shown[-1].role != "assistant":
            pieces.append(ASSISTANT + (f"{THINK_START}\n" if thinks else ""))
        return "".join(pieces)


def _system(messages: Sequence[Message], tools: Sequence[Tool]) -> str:
    """The first message, if it is the system's, with the tools behind it."""
    given = bool(messages) and messages[0].role == "system"
    text = messages[0].content if given else ""
    if not tools:
        return turn("system", text) if given else ""
    functions = "\n".join(spaced(tool_object(tool)) for tool in tools)
    return turn("system", (f"{text}\n\n" if given else "") + TOOLS + functions + HOW_TO_CALL)


def _answer(messages: Sequence[Message], place: int, *, thinks: bool) -> str:
    """A turn of the assistant, left open if it is the last.

    thinks: whether its thinking is shown, as it is after the last question only
    """
    message = messages[place]
    is_last = place + 1 == len(messages)
    text = message.content
    if thinks and (message.thinking or is_last):
        text = _thought(message)
    calls = "\n".join(map(_call, message.tool_calls))
    between = "\n" if calls and message.content else ""
    return ASSISTANT + text + between + calls + ("" if is_last else END)


def _thought(message: Message) -> str:
    """Thinking and content; without content the model is to go on thinking."""
    text = f"{THINK_START}\n" + message.thinking.strip("\n")
    if message.content:
        text += f"\n{THINK_END}\n\n" + message.content.lstrip("\n")
    return text


def _call(call: ToolCall) -> str:
    """A call of a tool."""
    arguments = spaced(arguments_object(call))
    return (
        f'<tool_call>\n{{"name": "{call.function.name}", "arguments": {arguments}}}\n</tool_call>'
    )
