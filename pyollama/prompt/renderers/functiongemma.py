"""FunctionGemma: a small Gemma for calls of tools, which it is told of by a developer's turn.

    <start_function_declaration>declaration:f{description:<escape>D<escape>,parameters:{...}}
    <start_function_call>call:f{a:<escape>b<escape>}<end_function_call>
    <start_function_response>response:f{<escape>...<escape>}<end_function_response>

After a result the model goes on within the turn that it called the tool in.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pyollama.api import Message, ToolCall
from pyollama.prompt.renderers.base import Renderer, Think, Tool
from pyollama.prompt.renderers.gemma_values import Notation
from pyollama.prompt.tools import as_list, as_mapping, as_text, property_types

__all__ = ["FunctionGemma"]

BOS = "<bos>"
TOOLS = "You can do function calling with the following functions:"
MODEL = "<start_of_turn>model\n"
END = "<end_of_turn>\n"
NOTATION = Notation(quote="<escape>", null="<nil>")


class FunctionGemma(Renderer):
    """It does not think and sees no images."""

    bos = BOS

    def render(self, messages: Sequence[Message], tools: Sequence[Tool], think: Think) -> str:
        """The prompt; an answer that is to be gone on with is closed like any other."""
        told = messages[:1] if messages and messages[0].role in ("system", "developer") else []
        system = told[0].content if told else ""
        after_result = bool(messages) and messages[-1].role == "tool"
        turns = "".join(_turns(messages[len(told) :]))
        return BOS + _developer(system, tools) + turns + ("" if after_result else MODEL)


def _developer(text: str, tools: Sequence[Tool]) -> str:
    """The developer's turn, if there is anything to tell; it announces tools only once."""
    if not text and not tools:
        return ""
    line = "\n" if text and tools else ""
    announced = TOOLS if tools and text != TOOLS else ""
    declared = "".join(map(_declaration, tools))
    return f"<start_of_turn>developer\n{text}{line}{announced}{declared}{END}"


def _declaration(tool: Tool) -> str:
    """A tool's name, description and parameters, each only if there is something to show."""
    function = as_mapping(tool.get("function"))
    description = NOTATION.text(as_text(function.get("description")))
    parameters = ",".join(_parameters(as_mapping(function.get("parameters"))))
    return (
        f"<start_function_declaration>declaration:{as_text(function.get('name'))}"
        f"{{description:{description},parameters:{{{parameters}}}}}<end_function_declaration>"
    )


def _parameters(parameters: Mapping[str, Any]) -> Iterator[str]:
    if properties := as_mapping(parameters.get("properties")):
        shown = (f"{name}:{_property(as_mapping(properties[name]))}" for name in sorted(properties))
        yield f"properties:{{{','.join(shown)}}}"
    if required := as_list(parameters.get("required")):
        yield f"required:{NOTATION.texts(required)}"
    if kind := as_text(parameters.get("type")):
        yield f"type:{NOTATION.text(kind.upper())}"


def _property(schema: Mapping[str, Any]) -> str:
    """Description and first type of an argument; nothing else of its schema is shown."""
    description = NOTATION.text(as_text(schema.get("description")))
    types = property_types(schema)
    kind = f",type:{NOTATION.text(types[0].upper())}" if types else ""
    return f"{{description:{description}{kind}}}"


def _turns(messages: Sequence[Message]) -> Iterator[str]:
    """Each message's text; results are named by the calls that they stand in one line with."""
    previous = ""
    expects = False  # a call has opened the first of its results
    awaited: Iterator[str] = iter(())  # names of the calls whose results are yet to come
    roles = [*(message.role for message in messages), ""]
    for message, next_role in zip(messages, roles[1:], strict=True):
        if message.role == "tool":
            opened = previous == "assistant" and expects
            yield "" if opened else "<start_function_response>"
            result = NOTATION.text(message.content)
            yield f"response:{next(awaited, '')}{{{result}}}<end_function_response>"
        elif message.role == "assistant":
            awaited = iter([call.function.name for call in message.tool_calls])
            yield "" if previous == "tool" else MODEL
            yield message.content + "".join(map(_call, message.tool_calls))
            expects = bool(message.tool_calls) and next_role == "tool"
            yield "<start_function_response>" if expects else END
        else:
            yield f"<start_of_turn>{message.role}\n{message.content}{END}"
        previous = message.role


def _call(call: ToolCall) -> str:
    arguments = NOTATION.mapping(call.function.arguments)
    return f"<start_function_call>call:{call.function.name}{arguments}<end_function_call>"
