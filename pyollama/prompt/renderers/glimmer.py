"""Glimmer: messages have a header that says who speaks, and to whom.

    <|start|>assistant to=self<|message|>{thought}<|eom|>
    <|start|>assistant to=user<|message|>{answer}<|eot|>

Every system message tells how hard to think, the tools, and who may be spoken to.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from pyollama.api import Message, ToolCall
from pyollama.prompt.jsontext import arg, plain_spaced
from pyollama.prompt.renderers.base import Renderer, Think, Tool
from pyollama.prompt.renderers.images import tagged
from pyollama.prompt.tools import arguments_object, function_object

__all__ = ["Glimmer"]

BEGIN = "<|begin_of_text|>"
WHO = "You are a helpful AI assistant.\nKnowledge cutoff: 2026-01-04.\nCurrent date: {today}."

TOOLS = """In this environment you have access to a set of tools you can use to answer the user's \
question.

You can invoke a function by writing a "<atem:function_calls>" block like the following:
<atem:function_calls>
<atem:invoke name="$FUNCTION_NAME">
<atem:parameter name="$PARAMETER_NAME">$PARAMETER_VALUE</atem:parameter>
...
</atem:invoke>
</atem:function_calls>

String and scalar parameters should be specified as is, while lists and objects should use JSON \
format. Note that spaces for string values are not stripped. The output is not expected to be \
valid XML and is parsed with regular expressions.
Here are the functions available in JSONSchema format:
// Tool metadata
"""
SCHEMAS = "// Function schemas\n"
EXAMPLE = """
Here's an example of how to call a function in the tool set:
(If the tool namespace is not specified, invoke the function directly as `example_function_name` \
rather than `example_tool_name.example_function_name`)

to=example_tool_name.example_function_name

<atem:function_calls>
<atem:invoke name="example_tool_name.example_function_name">
<atem:parameter name="example_parameter_1">value_1</atem:parameter>
<atem:parameter name="example_parameter_2">This is the value for the second parameter
that can span
"multiple" lines
</atem:parameter>
</atem:invoke>
</atem:function_calls>"""

EFFORT = {
    "reasoning effort": "reasoning strength",
    "Reasoning effort": "Reasoning strength",
    "Reasoning Effort": "Reasoning Strength",
    "REASONING EFFORT": "REASONING STRENGTH",
}
"""What clients write for other models, and what this family calls it."""


@dataclass(frozen=True)
class Glimmer(Renderer):
    """today: the clock, since the default system message tells the date"""

    bos = BEGIN
    sees_images = True
    today: Callable[[], date] = date.today

    def render(self, messages: Sequence[Message], tools: Sequence[Tool], think: Think) -> str:
        """The prompt; an answer that is to be gone on with is closed like any other."""
        strength = think if isinstance(think, str) else "none" if think is False else "high"
        tail = _tools(tools) + _recipients(tools)
        default = WHO.format(today=self.today().isoformat())
        if all(message.role != "system" for message in messages):
            messages = [Message(role="system", content=default), *messages]
        turns = "".join(_turns(tagged(messages), f"\n\nReasoning strength: {strength}.", tail))
        return f"{BEGIN}{turns}<|start|>assistant"


def _turns(messages: Sequence[Message], strength: str, tail: str) -> Iterator[str]:
    """Each message as it stands; `strength` and `tail` go to the ends of system messages."""
    names: dict[str, str] = {}  # of tools, by the ids of the calls so far
    for message in messages:
        if message.role == "system":
            yield _message("system", _system(message.content, strength) + tail)
        elif message.role == "assistant":
            yield from _assistant(message)
            names.update((call.id, call.function.name) for call in message.tool_calls if call.id)
        elif message.role == "tool":
            id = message.tool_call_id
            name = message.tool_name or names.get(id, id)
            body = f'<tool_output name="{name}">\n{message.content}\n</tool_output>'
            yield _message(f"tool {name}", body)
        else:
            yield _message(message.role, message.content)


def _message(header: str, body: str, end: str = "<|eot|>") -> str:
    return f"<|start|>{header}<|message|>{body}{end}"


def _system(text: str, strength: str) -> str:
    """A system's text in the family's words; it may say itself how hard to think."""
    for theirs, ours in EFFORT.items():
        text = text.replace(theirs, ours)
    return text if "reasoning strength" in text.lower() else text + strength


def _assistant(message: Message) -> Iterator[str]:
    """Thought, answer and calls of one message, each to another recipient."""
    if message.thinking:
        yield _message("assistant to=self", message.thinking, "<|eom|>")
    if message.content:
        yield _message("assistant to=user", message.content)
    for i, call in enumerate(message.tool_calls, start=1):
        end = "<|eot|>" if i == len(message.tool_calls) else "<|eom|>"
        yield _message(f"assistant to={call.function.name}", _call(call), end)


def _call(call: ToolCall) -> str:
    parameters = "".join(
        f'<atem:parameter name="{name}">{arg(value)}</atem:parameter>\n'
        for name, value in arguments_object(call).items()
    )
    invoke = f'<atem:invoke name="{call.function.name}">\n{parameters}</atem:invoke>'
    return f"<atem:function_calls>\n{invoke}\n</atem:function_calls>"


def _tools(tools: Sequence[Tool]) -> str:
    """What the model is told about tools, if there are any."""
    if not tools:
        return ""
    spaces = [{"name": name, "description": ""} for name in _namespaces(tools)]
    schemas = [{"name": "", "description": ""} | function_object(tool) for tool in tools]
    lines = [f"{plain_spaced(each)}\n" for each in spaces]
    lines += [SCHEMAS, *(f"{plain_spaced(each)}\n" for each in schemas)]
    return "\n\n" + TOOLS + "".join(lines) + EXAMPLE


def _namespaces(tools: Sequence[Tool]) -> list[str]:
    """The parts of the tools' names before the first dot, each once."""
    names = [function_object(tool)["name"] for tool in tools]
    return list(dict.fromkeys(name.partition(".")[0] for name in names))


def _recipients(tools: Sequence[Tool]) -> str:
    names = ["self", *(f"{name}.*" for name in _namespaces(tools)), "user"]
    return "\n\n# Valid recipients: " + ", ".join(f'"{name}"' for name in names) + "."
