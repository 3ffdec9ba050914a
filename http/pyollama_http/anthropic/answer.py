"""A native answer in Anthropic's form: blocks of content, and why it ended."""

from pyollama.api import ChatResponse, ResponseMessage, ToolCall
from pyollama_http.anthropic.wire import (
    Block,
    MessagesResponse,
    TextBlock,
    ThinkingBlock,
    ToolUseBlock,
    Usage,
)

__all__ = ["blocks_of", "response", "stop_reason_of", "tool_use", "usage_of"]

STOP_REASONS = {"stop": "end_turn", "length": "max_tokens", "": ""}


def response(
    id: str,
    model: str,
    blocks: list[Block],
    stop_reason: str,
    usage: Usage,
    *,
    strict: bool,
) -> MessagesResponse:
    """The whole answer; strict: one of no blocks has no list of them either, as in Ollama."""
    return MessagesResponse(
        id=id,
        type="message",
        role="assistant",
        model=model,
        content=None if strict and not blocks else blocks,
        stop_reason=stop_reason,
        usage=usage,
    )


def blocks_of(message: ResponseMessage) -> list[Block]:
    """What a message holds: first thoughts, then text, then calls."""
    blocks: list[Block] = []
    if message.thinking:
        blocks.append(ThinkingBlock(thinking=message.thinking))
    if message.content:
        blocks.append(TextBlock(text=message.content))
    return [*blocks, *map(tool_use, message.tool_calls)]


def tool_use(call: ToolCall) -> ToolUseBlock:
    """A call."""
    return ToolUseBlock(id=call.id, name=call.function.name, input=call.function.arguments)


def stop_reason_of(done_reason: str, *, has_calls: bool) -> str:
    """Why an answer ended; "" if nobody knows.

    A stop string that was met is told as the end of a turn, and what only loads the model as a
    stop string, since Ollama does so.
    """
    return "tool_use" if has_calls else STOP_REASONS.get(done_reason, "stop_sequence")


def usage_of(native: ChatResponse) -> Usage:
    """The tokens of an answer."""
    return Usage(input_tokens=native.prompt_eval_count, output_tokens=native.eval_count)
