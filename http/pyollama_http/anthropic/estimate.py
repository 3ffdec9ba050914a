"""How many tokens a prompt may have, told at the start of a stream, before anybody has counted.

A fourth of its bytes, as Ollama guesses; the end of the stream tells the truth.
"""

from typing import Any

from pyollama_http import gojson
from pyollama_http.anthropic.types import ContentBlock, MessagesRequest, Tool

__all__ = ["estimated_tokens"]

BYTES_PER_TOKEN = 4
WHOLE = ("tool_use", "tool_result")  # types of blocks of which every byte counts


def estimated_tokens(call: MessagesRequest) -> int:
    """The guess, at least 1."""
    n_byte = _of_system(call.system) + sum(map(_of_tool, call.tools))
    for message in call.messages:
        n_byte += _size(message.role) + sum(map(_of_block, message.content))
    return max(1, n_byte // BYTES_PER_TOKEN)


def _size(text: str | None) -> int:
    """The bytes of a text."""
    return len((text or "").encode())


def _json_size(value: Any) -> int:
    """The bytes of a value as compact JSON; 0 if it is nested so deeply that none can be made."""
    try:
        return len(gojson.encode(value))
    except RecursionError:
        return 0


def _of_system(system: Any) -> int:
    """The bytes of what the model is told first."""
    if system is None:
        return 0
    if isinstance(system, str):
        return _size(system)
    if isinstance(system, list):
        return sum(_of_free_block(block) for block in system if isinstance(block, dict))
    return _json_size(system)


def _of_free_block(block: dict[str, Any]) -> int:
    """The bytes of a block that is bound to no table."""
    if block.get("type") in WHOLE:
        return _json_size(block)
    texts = (block.get("text"), block.get("thinking"))
    return sum(_size(text) for text in texts if isinstance(text, str))


def _of_block(block: ContentBlock) -> int:
    """The bytes of a block of a message; images are not counted."""
    if block.type in WHOLE:
        return _json_size(block)
    return _size(block.text) + _size(block.thinking)


def _of_tool(tool: Tool) -> int:
    """The bytes of a tool, those of its schema as they were sent."""
    return _size(tool.name) + _size(tool.description) + len(tool.input_schema or b"")
