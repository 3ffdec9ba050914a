"""An answer that was made in pieces, as the one object that a client gets who wants no stream."""

from collections.abc import AsyncIterator
from typing import TypeVar

from msgspec.structs import replace

from pyollama.api import ChatResponse, GenerateResponse
from pyollama.errors import EngineError

__all__ = ["collected", "joined_message", "joined_text"]

R = TypeVar("R", GenerateResponse, ChatResponse)


async def collected(events: AsyncIterator[R]) -> list[R]:
    """All events. Raises EngineError if there are none: only blanks, again and again."""
    found = [event async for event in events]
    if not found:
        raise EngineError("the model repeats itself and says nothing")
    return found


def joined_text(events: list[GenerateResponse]) -> GenerateResponse:
    """The last event, with the text and the log probabilities of all of them."""
    return replace(
        events[-1],
        logprobs=[entry for event in events for entry in event.logprobs],
        response="".join(event.response for event in events),
        thinking="".join(event.thinking for event in events),
    )


def joined_message(events: list[ChatResponse], *, had_tools: bool) -> ChatResponse:
    """The last event, with text, tool calls and log probabilities of all of them.

    As in Ollama, without tools in the request only the calls of the last event count.
    """
    messages = [event.message for event in events]
    callers = messages if had_tools else messages[-1:]
    message = replace(
        messages[-1],
        content="".join(message.content for message in messages),
        thinking="".join(message.thinking for message in messages),
        tool_calls=[call for message in callers for call in message.tool_calls],
    )
    logprobs = [entry for event in events for entry in event.logprobs]
    return replace(events[-1], message=message, logprobs=logprobs)
