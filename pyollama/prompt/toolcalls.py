"""Tool calls in the form ``<tool_call>{"name": ..., "arguments": {...}}</tool_call>``.

It is the form of the embedded model and of the many templates that follow Hermes. The calls are
delivered with the last event of an answer, as Ollama does for a model that runs on the GGUF's own
template.
"""

import json

from pyollama.api import ToolCallFunction
from pyollama.errors import EngineError
from pyollama.prompt.stop import overlap

OPENING, CLOSING = "<tool_call>", "</tool_call>"


class ToolCallCollector:
    """Takes tool calls out of text that arrives in pieces."""

    def __init__(self) -> None:
        self.inside = False
        self.held = ""
        self.calls: list[ToolCallFunction] = []

    def push(self, text: str) -> str:
        """Add text; what of it is content. Raises EngineError for arguments that are no object."""
        self.held += text
        content = ""
        while True:
            tag = CLOSING if self.inside else OPENING
            before, found, rest = self.held.partition(tag)
            if not found:
                break
            content += self._leave(before) if self.inside else before
            self.inside = not self.inside
            self.held = rest
        if self.inside:
            return content
        keep = overlap(self.held, OPENING)
        content += self.held[: len(self.held) - keep]
        self.held = self.held[len(self.held) - keep :]
        return content

    def flush(self) -> str:
        """What is left once the answer has ended: an unfinished call counts if it is whole JSON."""
        held, self.held = self.held, ""
        return self._leave(held) if self.inside else held

    def _leave(self, body: str) -> str:
        """Note the call between two tags; a body that is no call stays content."""
        try:
            call = json.loads(body)
        except (ValueError, RecursionError):
            return f"{OPENING}{body}{CLOSING}"
        if not isinstance(call, dict) or not isinstance(call.get("name"), str):
            return f"{OPENING}{body}{CLOSING}"
        arguments = call.get("arguments", call.get("parameters")) or {}
        if not isinstance(arguments, dict):
            raise EngineError(
                f'llama-server returned invalid tool call arguments for "{call["name"]}": '
                f"{json.dumps(arguments)[:200]} is not an object"
            )
        call = ToolCallFunction(index=len(self.calls), name=call["name"], arguments=arguments)
        self.calls.append(call)
        return ""
