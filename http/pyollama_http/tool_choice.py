"""Making a model call a tool, or keeping it from calling one: what Ollama passes over.

A call that must be made is structured output: the answer is kept to a schema whose objects have a
tool's name and arguments by its schema, and read back as a call. So it works with every model
that can be given a format, whatever calls look like in its own words.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from msgspec.structs import replace

from pyollama.api import ChatRequest, ChatResponse, RawJSON, ToolCall, ToolCallFunction
from pyollama.grammar.tool_calls import calls_schema
from pyollama.ids import call_id
from pyollama_http.events import Changed, Events
from pyollama_http.translating import Untranslatable

__all__ = ["AUTO", "NONE", "ToolChoice", "required"]


@dataclass(frozen=True)
class ToolChoice:
    """Which tools may be called, and whether one must be.

    names: the tools that one call must be made of; None if the model is free
    offers: whether the model is told of tools at all
    """

    names: Sequence[str] | None = None
    offers: bool = True

    def applied(self, native: ChatRequest) -> ChatRequest:
        """The request with its answer kept to a call. Takes a while: not for the event loop.

        Where nobody has asked for thinking there is none, so that the call comes at once.
        """
        if not self.offers:
            return replace(native, tools=[])
        if self.names is None:
            return native
        tools = [tool for tool in native.tools if tool["function"]["name"] in self.names]
        think = False if native.think is None else native.think
        return replace(native, think=think, format=RawJSON(calls_schema(tools) or b""))

    def enforced(self, events: Events[ChatResponse]) -> Events[ChatResponse]:
        """The events of the answer, with the call that its text is; or without calls."""
        if self.names is not None:
            return Changed(events, _Caller().change)
        return events if self.offers else Changed(events, _without_calls)


AUTO = ToolChoice()
NONE = ToolChoice(offers=False)


def required(native: ChatRequest, name: str | None = None) -> ToolChoice:
    """One call of the named tool, or of any; free where no tool is offered.

    Untranslatable if no tool has that name.
    """
    names = [tool["function"]["name"] for tool in native.tools if tool["function"]["name"]]
    if name is not None and name not in names:
        raise Untranslatable(f"tool_choice names a tool that is not offered: {name}")
    if not names:
        return AUTO
    return ToolChoice(names if name is None else [name])


def _without_calls(event: ChatResponse) -> list[ChatResponse]:
    """The event, less its calls."""
    return [replace(event, message=replace(event.message, tool_calls=[]))]


@dataclass
class _Caller:
    """Reads the one call that an answer's text is."""

    text: list[str] = field(default_factory=list)
    has_called: bool = False

    def change(self, event: ChatResponse) -> list[ChatResponse]:
        """The event without its text; the last one with the call, or with text that is none."""
        if event.debug_info is not None:  # nobody was asked
            return [event]
        message = event.message
        self.text.append(message.content)
        self.has_called |= bool(message.tool_calls)
        if not event.done:
            bare = replace(event, message=replace(message, content=""))
            return [bare] if message.thinking or message.tool_calls else []
        text = "".join(self.text)
        call = None if self.has_called else _call_of(text)
        calls = message.tool_calls + ([call] if call else [])
        content = "" if call or self.has_called else text
        return [replace(event, message=replace(message, content=content, tool_calls=calls))]


def _call_of(text: str) -> ToolCall | None:
    """The call that a text holds; None if it was cut off."""
    try:
        match json.loads(text):
            case {"name": str(name), "arguments": dict(arguments)}:
                return _call(name, arguments)
    except (ValueError, RecursionError):
        pass
    return None


def _call(name: str, arguments: dict[str, Any]) -> ToolCall:
    return ToolCall(id=call_id(), function=ToolCallFunction(name=name, arguments=arguments))
