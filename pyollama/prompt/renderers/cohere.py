"""Cohere's Command: turns of tokens, and JSON laid out as the models saw it in training.

    <|START_OF_TURN_TOKEN|><|USER_TOKEN|><|START_TEXT|>{text}<|END_TEXT|><|END_OF_TURN_TOKEN|>

Calls are numbered over the whole conversation, and results name the numbers. The layout with its
blank lines is that of a template whose own lines were kept.
"""

from collections.abc import Iterable, Iterator, Sequence

from pyollama.api import Message
from pyollama.prompt.jsontext import spaced
from pyollama.prompt.renderers.base import Renderer, Think, Tool
from pyollama.prompt.tools import arguments_object, function_object

__all__ = ["Cohere"]

BEFORE_ACTION = "\n            \n                "
RESULT = """
    {{
        "tool_call_id": {id},
        "results": {{

            \n            "0": {{"content": {content}}}

        }},
        "is_error": null
    }}"""
CHATBOT = "<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>"


class Cohere(Renderer):
    """The list of tools is always there, be it empty; thinking is on unless it is refused."""

    bos = "<BOS_TOKEN>"  # left to the tokenizer, the prompt does not have it

    def render(self, messages: Sequence[Message], tools: Sequence[Tool], think: Think) -> str:
        """The prompt; a last answer without calls is left open, to be gone on with."""
        told = messages[:1] if messages and messages[0].role == "system" else []
        system = told[0].content if told else ""
        turns = messages[len(told) :]
        text = _platform(system, tools) + "".join(_turns(turns))
        if turns and _is_answer(turns[-1]):
            return text.removesuffix("<|END_TEXT|><|END_OF_TURN_TOKEN|>")
        ending = "<|END_THINKING|>" if think is False else ""
        return f"{text}{CHATBOT}<|START_THINKING|>{ending}"


def _platform(system: str, tools: Sequence[Tool]) -> str:
    """The first turn: the system's text and the tools."""
    declared = [f"\n    {_declaration(tool)}" for tool in tools]
    listed = ",\n\n".join(declared) + "\n\n"
    before = f"{system}\n\n\n\n" if system else ""
    return _turn("SYSTEM", _text(f"{before}# Available Tools\n```json\n[\n{listed}\n]\n```"))


def _declaration(tool: Tool) -> str:
    function = function_object(tool)
    shown = {
        "name": function["name"],
        "description": function.get("description", ""),
        "parameters": function["parameters"],
        "responses": None,
    }
    return spaced(shown)


def _turns(messages: Sequence[Message]) -> Iterator[str]:
    """Each message's turn; results that follow each other share one."""
    numbers: dict[str, str] = {}  # of calls, by the ids that the client knows them by
    n_calls = 0
    results: list[str] = []
    roles = [*(message.role for message in messages), ""]
    for message, next_role in zip(messages, roles[1:], strict=True):
        if message.role == "tool":
            results.append(_result(message, numbers))
            if next_role != "tool":
                yield _turn("SYSTEM", _results(results))
                results = []
        elif message.role == "assistant" and message.tool_calls:
            ids = {call.id: str(n_calls + i) for i, call in enumerate(message.tool_calls)}
            numbers.update((id, number) for id, number in ids.items() if id)
            yield _turn("CHATBOT", _action(message, n_calls))
            n_calls += len(message.tool_calls)
        elif message.role == "assistant":
            yield _turn("CHATBOT", _thought(message) + _text(message.content))
        elif message.role in ("user", "system"):
            yield _turn(message.role.upper(), _text(message.content))


def _is_answer(message: Message) -> bool:
    return message.role == "assistant" and not message.tool_calls


def _turn(role: str, body: str) -> str:
    return f"<|START_OF_TURN_TOKEN|><|{role}_TOKEN|>{body}<|END_OF_TURN_TOKEN|>"


def _text(text: str) -> str:
    return f"<|START_TEXT|>{text}<|END_TEXT|>"


def _thought(message: Message) -> str:
    thought = message.thinking
    return f"<|START_THINKING|>{thought}<|END_THINKING|>" if thought else ""


def _action(message: Message, first: int) -> str:
    """The calls of a message, the first of which has a given number; its text is not shown."""
    calls = (
        {
            "tool_call_id": str(first + i),
            "tool_name": call.function.name,
            "parameters": arguments_object(call),
        }
        for i, call in enumerate(message.tool_calls)
    )
    listed = ",".join(f"\n\n    {spaced(call)}" for call in calls)
    return f"{BEFORE_ACTION}{_thought(message)}<|START_ACTION|>[{listed}\n\n]<|END_ACTION|>"


def _result(message: Message, numbers: dict[str, str]) -> str:
    """One result; without a call that is known it has an empty number."""
    number = numbers.get(message.tool_call_id, "")
    return RESULT.format(id=spaced(number), content=spaced(message.content))


def _results(results: Iterable[str]) -> str:
    return f"<|START_TOOL_RESULT|>[{','.join(results)}\n\n]<|END_TOOL_RESULT|>"
