"""GLM 4.7 and GLM-OCR: a tag opens each turn and none closes it; calls are written in tags.

    <tool_call>get_weather<arg_key>city</arg_key><arg_value>Paris</arg_value></tool_call>

GLM-OCR has the same parts, with a line for each.
"""

from collections.abc import Iterator, Sequence

from pyollama.api import Message, ToolCall
from pyollama.prompt.jsontext import compact, spaced
from pyollama.prompt.parsers.machine import SPACE
from pyollama.prompt.renderers.base import Renderer, Think, Tool
from pyollama.prompt.renderers.images import tagged
from pyollama.prompt.tools import arguments_object, tool_object

__all__ = ["Glm47", "GlmOcr"]

BEGIN = "[gMASK]<sop>"
TOOLS = """<|system|>
# Tools

You may call one or more functions to assist with the user query.

You are provided with function signatures within <tools></tools> XML tags:
<tools>
"""
HOW_TO_CALL = """</tools>

For each function call, output the function name and arguments within the following XML format:
<tool_call>{function-name}<arg_key>{arg-key-1}</arg_key><arg_value>{arg-value-1}</arg_value>\
<arg_key>{arg-key-2}</arg_key><arg_value>{arg-value-2}</arg_value>...</tool_call>"""
NO_THINK = "/nothink"


class Glm47(Renderer):
    """Thinking is shown again for every turn, and is on unless it is refused."""

    def render(self, messages: Sequence[Message], tools: Sequence[Tool], think: Think) -> str:
        """The prompt; an answer that is to be gone on with is closed like any other."""
        ending = "<|assistant|>" + ("</think>" if think is False else "<think>")
        return BEGIN + _declared(tools) + "".join(self._turns(messages)) + ending

    def _turns(self, messages: Sequence[Message]) -> Iterator[str]:
        previous = ""
        for message in messages:
            if message.role == "assistant":
                thought = f"<think>{message.thinking}" if message.thinking else ""
                calls = "".join(map(_call, message.tool_calls))
                yield f"<|assistant|>{thought}</think>{message.content}{calls}"
            elif message.role == "tool":
                yield "" if previous == "tool" else "<|observation|>"
                yield f"<tool_response>{message.content}</tool_response>"
            elif message.role in ("user", "system"):
                yield f"<|{message.role}|>{message.content}"
            previous = message.role


class GlmOcr(Renderer):
    """Sees images; without thinking every text of the user says so."""

    sees_images = True

    def render(self, messages: Sequence[Message], tools: Sequence[Tool], think: Think) -> str:
        """The prompt; it says nothing about thinking unless that is refused."""
        quiet = think is False
        turns = "".join(self._turns(tagged(messages), quiet))
        ending = "<|assistant|>\n" + ("<think></think>\n" if quiet else "")
        return BEGIN + _declared(tools) + turns + ending

    def _turns(self, messages: Sequence[Message], quiet: bool) -> Iterator[str]:
        previous = ""
        for message in messages:
            text = message.content
            if message.role == "user":
                yield f"<|user|>\n{text}"
                yield NO_THINK if quiet and not text.endswith(NO_THINK) else ""
            elif message.role == "assistant":
                yield f"<|assistant|>\n<think>{message.thinking.strip(SPACE)}</think>\n"
                yield f"{text}\n" if text else ""
                yield "".join(f"{_call(call)}\n" for call in message.tool_calls)
            elif message.role == "tool":
                yield "" if previous == "tool" else "<|observation|>"
                yield f"\n<tool_response>\n{text}\n</tool_response>\n"
            elif message.role == "system":
                yield f"<|system|>\n{text}\n"
            previous = message.role


def _declared(tools: Sequence[Tool]) -> str:
    """A system turn with a line for each tool, if there are any."""
    lines = "".join(f"{spaced(tool_object(tool))}\n" for tool in tools)
    return TOOLS + lines + HOW_TO_CALL if tools else ""


def _call(call: ToolCall) -> str:
    """One call; texts as they are, all other values in JSON."""
    arguments = "".join(
        f"<arg_key>{name}</arg_key>"
        f"<arg_value>{value if isinstance(value, str) else compact(value)}</arg_value>"
        for name, value in arguments_object(call).items()
    )
    return f"<tool_call>{call.function.name}{arguments}</tool_call>"
