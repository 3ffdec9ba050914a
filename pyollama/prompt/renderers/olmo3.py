"""OLMo 3: calls of tools look like Python's, and results come from the environment.

    <function_calls>get_weather(city="Paris", days=3)</function_calls>

The variants that think know no tools. All of them take the first system message, wherever it
stands, and no other.
"""

from collections.abc import Iterator, Sequence

from pyollama.api import Message, ToolCall
from pyollama.prompt.jsontext import compact, spaced
from pyollama.prompt.renderers.base import Renderer, Think, Tool
from pyollama.prompt.renderers.chatml import ASSISTANT, END, THINK_START, turn
from pyollama.prompt.tools import arguments_object, tool_object

__all__ = ["OLMO", "OLMO_BY_AI2", "Olmo3", "Olmo3Think"]

OLMO = "You are a helpful function-calling AI assistant. "
OLMO_BY_AI2 = (
    "You are Olmo, a helpful AI assistant built by Ai2. Your date cutoff is December 2024, and "
    "your model weights are available at https://huggingface.co/allenai. "
)
HOW_TO_CALL = (
    "You are provided with function signatures within <functions></functions> XML tags. You may "
    "call one or more functions to assist with the user query. Output any function calls within "
    "<function_calls></function_calls> XML tags. Do not make assumptions about what values to "
    "plug into functions."
)
NO_FUNCTIONS = "You do not currently have access to any functions. <functions></functions>"


class Olmo3(Renderer):
    """The variants that know tools.

    default: what the system says if the conversation has no text for it
    """

    def __init__(self, default: str) -> None:
        self.default = default

    def render(self, messages: Sequence[Message], tools: Sequence[Tool], think: Think) -> str:
        """The prompt; a last answer is gone on with, unless it says nothing or calls tools."""
        turns = [message for message in messages if message.role != "system"]
        pieces = [turn("system", self._system(_first_system(messages), tools)), *_turns(turns)]
        last = turns[-1] if turns else Message()
        if last.role != "assistant" or last.tool_calls or not last.content:
            pieces.append(ASSISTANT)
        return "".join(pieces)

    def _system(self, system: str | None, tools: Sequence[Tool]) -> str:
        """The system's text and the tools; how to call them is told in the default text only."""
        functions = ""
        if tools:
            functions = f"<functions>{spaced([tool_object(tool) for tool in tools])}</functions>"
        if system is not None:
            return system + functions
        return self.default + (HOW_TO_CALL + functions if tools else NO_FUNCTIONS)


class Olmo3Think(Renderer):
    """The variants that think, in every answer, whatever the request says of it.

    default: what the system says if the conversation has no text for it
    """

    def __init__(self, default: str) -> None:
        self.default = default

    def render(self, messages: Sequence[Message], tools: Sequence[Tool], think: Think) -> str:
        """The prompt; it always begins another answer, with thinking."""
        given = _first_system(messages)
        system = self.default if given is None else f"{given} {NO_FUNCTIONS}"
        turns = (turn(m.role, m.content) for m in messages if m.role in ("user", "assistant"))
        return "".join([turn("system", system), *turns, ASSISTANT + THINK_START])


def _first_system(messages: Sequence[Message]) -> str | None:
    """What the first system message says; None if there is none."""
    return next((message.content for message in messages if message.role == "system"), None)


def _turns(messages: Sequence[Message]) -> Iterator[str]:
    """All turns but the system's; the last one is left open if it is an answer without calls."""
    for place, message in enumerate(messages):
        if message.role == "assistant":
            is_open = place + 1 == len(messages) and not message.tool_calls
            yield (
                ASSISTANT + message.content + _calls(message.tool_calls) + ("" if is_open else END)
            )
        elif message.role == "tool":
            yield turn("environment", message.content)
        elif message.role == "user":
            yield turn("user", message.content)


def _calls(calls: Sequence[ToolCall]) -> str:
    """Calls of tools, one on each line."""
    if not calls:
        return ""
    return "<function_calls>" + "\n".join(map(_call, calls)) + "</function_calls>"


def _call(call: ToolCall) -> str:
    """A call of a tool; its arguments are sorted by their names."""
    arguments = sorted(arguments_object(call).items())
    return f"{call.function.name}({', '.join(f'{k}={compact(v)}' for k, v in arguments)})"
