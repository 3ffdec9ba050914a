"""LFM2: calls of tools look like Python's and stand before the text of their answer.

<|tool_call_start|>[get_weather(city="Paris",days=3)]<|tool_call_end|>
"""

from collections.abc import Sequence

from pyollama.api import Message, ToolCall
from pyollama.prompt.jsontext import plain_spaced
from pyollama.prompt.parsers.machine import SPACE
from pyollama.prompt.renderers.base import Renderer, Think, Tool
from pyollama.prompt.renderers.chatml import ASSISTANT, END, THINK_END, THINK_START, header, turn
from pyollama.prompt.renderers.images import tagged
from pyollama.prompt.tools import arguments_object, function_object

__all__ = ["Lfm2"]

LIST_START, LIST_END = "<|tool_list_start|>", "<|tool_list_end|>"
CALL_START, CALL_END = "<|tool_call_start|>", "<|tool_call_end|>"
RESPONSE_START, RESPONSE_END = "<|tool_response_start|>", "<|tool_response_end|>"


class Lfm2(Renderer):
    """Only the first message may be the system's; others of the system are turns of their own.

    shows_thinking: whether the thinking of answers is written, as the thinking variant has it
    """

    bos = "<|startoftext|>"
    sees_images = True

    def __init__(self, *, shows_thinking: bool) -> None:
        self.shows_thinking = shows_thinking

    def render(self, messages: Sequence[Message], tools: Sequence[Tool], think: Think) -> str:
        """The prompt; a last message of the assistant is gone on with."""
        shown = tagged(messages)
        given = bool(shown) and shown[0].role == "system"
        system = _system(shown[0].content if given else "", tools)
        turns = shown[1:] if given else shown
        answers = [place for place, message in enumerate(turns) if message.role == "assistant"]
        pieces = [self.bos, turn("system", system) if system else ""]
        for place, message in enumerate(turns):
            keeps = bool(think) or [place] == answers[-1:]
            text = self._text(message, keeps_thinking=keeps)
            pieces.append(header(message.role) + text + END)
        if turns and turns[-1].role == "assistant":
            return "".join(pieces).removesuffix(END)
        return "".join([*pieces, ASSISTANT])

    def _text(self, message: Message, *, keeps_thinking: bool) -> str:
        """What a turn says."""
        if message.role == "tool":
            return _response(message.content)
        if message.role != "assistant":
            return message.content
        content = message.content
        thinking = message.thinking if self.shows_thinking and THINK_END not in content else ""
        if not keeps_thinking:
            thinking, content = "", _after_thinking(content)
        opening = f"{THINK_START}{thinking}{THINK_END}" if thinking else ""
        return opening + _with_calls(message.tool_calls, content)


def _system(system: str, tools: Sequence[Tool]) -> str:
    """The system's text and the functions of the tools."""
    if not tools:
        return system
    functions = ", ".join(plain_spaced(function_object(tool)) for tool in tools)
    listed = f"List of tools: {LIST_START}[{functions}]{LIST_END}"
    return f"{system}\n{listed}" if system else listed


def _response(content: str) -> str:
    """The result of a tool between its tags, which it may have already."""
    return content if RESPONSE_START in content else RESPONSE_START + content + RESPONSE_END


def _after_thinking(content: str) -> str:
    """An earlier answer without what comes before its last closing tag."""
    _, tag, after = content.rpartition(THINK_END)
    return after.strip(SPACE) if tag else content


def _with_calls(calls: Sequence[ToolCall], content: str) -> str:
    """The calls of an answer, then what it says."""
    if not calls:
        return content
    called = f"{CALL_START}[{','.join(map(_call, calls))}]{CALL_END}"
    return f"{called}\n{content}" if content.strip(SPACE) else called


def _call(call: ToolCall) -> str:
    """A call of a tool; its arguments are sorted by their names."""
    arguments = sorted(arguments_object(call).items())
    return f"{call.function.name}({','.join(f'{k}={plain_spaced(v)}' for k, v in arguments)})"
