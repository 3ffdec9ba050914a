"""Pieces of native answers in OpenAI's form."""

import random
from collections.abc import Sequence
from typing import Protocol

from pyollama import api
from pyollama_http import gojson
from pyollama_http.openai.wire import Logprobs, ToolCall, ToolCallFunction, Usage

__all__ = ["Counted", "finish_reason", "logprobs_of", "new_number", "tool_calls_of", "usage_of"]


class Counted(Protocol):
    """A native event that may tell how many tokens there were."""

    prompt_eval_count: int
    eval_count: int


def new_number(below: int = 999) -> int:
    """The number in an id; that it is nothing to rely on is as in Ollama."""
    return random.randrange(below)


def usage_of(*events: Counted) -> Usage:
    """The tokens of an answer, or of several to the same prompt."""
    prompt = max(event.prompt_eval_count for event in events)
    made = sum(event.eval_count for event in events)
    return Usage(prompt_tokens=prompt, completion_tokens=made, total_tokens=prompt + made)


def finish_reason(done_reason: str, *, has_calls: bool) -> str:
    """Why an answer ended; calls of tools are no reason of their own where the limit was hit."""
    return "tool_calls" if has_calls and done_reason == "stop" else done_reason


def logprobs_of(event: api.ChatResponse) -> Logprobs | None:
    """The log probabilities of an event, if it has some."""
    return Logprobs(content=event.logprobs) if event.logprobs else None


def tool_calls_of(calls: Sequence[api.ToolCall], first_index: int = 0) -> list[ToolCall]:
    """Calls with their arguments as text."""
    return [
        ToolCall(
            id=call.id,
            index=index,
            type="function",
            function=ToolCallFunction(
                name=call.function.name, arguments=gojson.map_text(call.function.arguments)
            ),
        )
        for index, call in enumerate(calls, first_index)
    ]
