"""DeepSeek V3.1: the parts of a conversation follow each other, marked by tokens in wide bars.

    <｜begin▁of▁sentence｜>{system}<｜User｜>{text}<｜Assistant｜></think>{answer}<｜end▁of▁sentence｜>

What was thought is never shown again: a past answer begins with the tag that ends thinking.
"""

from collections.abc import Sequence

from pyollama.api import Message
from pyollama.prompt.jsontext import compact
from pyollama.prompt.renderers.base import Renderer, Think, Tool
from pyollama.prompt.tools import arguments_object, function_object

__all__ = ["END", "DeepSeek31"]

BEGIN = "<｜begin▁of▁sentence｜>"
END = "<｜end▁of▁sentence｜>"

TOOLS = "\n\n## Tools\nYou have access to the following tools:\n"
HOW_TO_CALL = """
IMPORTANT: ALWAYS adhere to this exact format for tool use:
<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>tool_call_name<｜tool▁sep｜>tool_call_arguments\
<｜tool▁call▁end｜>{{additional_tool_calls}}<｜tool▁calls▁end｜>

Where:

- `tool_call_name` must be an exact match to one of the available tools
- `tool_call_arguments` must be valid JSON that strictly follows the tool's Parameters Schema
- For multiple tool calls, chain them directly without separators or spaces
"""


class DeepSeek31(Renderer):
    """All system messages come first; an assistant's turn is opened only right after a user's."""

    bos = BEGIN

    def render(self, messages: Sequence[Message], tools: Sequence[Tool], think: Think) -> str:
        """The prompt, which goes on from the results of tools without another word."""
        systems = [message.content for message in messages if message.role == "system"]
        parts = [BEGIN, "\n\n".join(systems), _declared(tools)]
        last_user = max((i for i, each in enumerate(messages) if each.role == "user"), default=-1)
        previous = ""
        for i, message in enumerate(messages):
            if message.role == "assistant" and previous == "user":
                recalls = bool(think) and message.thinking != "" and i > last_user
                parts.append(_opened(recalls))
            parts.append(_turn(message))
            previous = message.role if message.role in ("user", "assistant", "tool") else previous
        return "".join(parts) + (_opened(bool(think)) if previous == "user" else "")


def _declared(tools: Sequence[Tool]) -> str:
    """What the model is told about tools, if there are any."""
    return TOOLS + "".join(map(_declaration, tools)) + HOW_TO_CALL if tools else ""


def _declaration(tool: Tool) -> str:
    function = function_object(tool)
    description = function.get("description", "")
    parameters = compact(function["parameters"])
    return f"\n### {function['name']}\nDescription: {description}\n\nParameters: {parameters}\n"


def _opened(thinking: bool) -> str:
    """The beginning of an assistant's turn."""
    return "<｜Assistant｜>" + ("<think>" if thinking else "</think>")


def _turn(message: Message) -> str:
    """One message without what opens an assistant's turn; nothing for a system message."""
    if message.role == "user":
        return "<｜User｜>" + message.content
    if message.role == "tool":
        return f"<｜tool▁output▁begin｜>{message.content}<｜tool▁output▁end｜>"
    if message.role != "assistant":
        return ""
    if message.tool_calls:
        return message.content + _calls(message) + END
    _, tag, answer = message.content.partition("</think>")
    return (answer if tag else message.content) + END


def _calls(message: Message) -> str:
    """The calls of one answer, one directly after the other."""
    calls = "".join(
        f"<｜tool▁call▁begin｜>{call.function.name}<｜tool▁sep｜>"
        f"{compact(arguments_object(call))}<｜tool▁call▁end｜>"
        for call in message.tool_calls
    )
    return f"<｜tool▁calls▁begin｜>{calls}<｜tool▁calls▁end｜>"
