"""Tool calls in the form ``<tool_call>{"name": ..., "arguments": {...}}</tool_call>``.

It is the form of the embedded model and of the many templates that follow Hermes. The calls are
delivered with the last event of an answer, as Ollama does for a model that runs on the GGUF's own
template.
"""

import json

from pyollama.api import ToolCallFunction
from pyollama.errors import EngineError
from pyollama.prompt.jsonobjects import decoded
from pyollama.prompt.parsers.machine import Feed

OPENING, CLOSING = "<tool_call>", "</tool_call>"


class ToolCallCollector:
    """Takes tool calls out of text that arrives in pieces."""

    def __init__(self) -> None:
        self.feed = Feed()
        self.inside = False
        self.body: list[str] = []  # of the call that is being read
        self.calls: list[ToolCallFunction] = []

    def push(self, text: str) -> str:
        """Add text; what of it is content. Raises EngineError for arguments that are no object."""
        self.feed.push(text)
        content: list[str] = []
        while True:
            before, tag = self.feed.upto((CLOSING if self.inside else OPENING,))
            (self.body if self.inside else content).append(before)
            if not tag:
                return "".join(content)
            if self.inside:
                content.append(self._leave())
            self.inside = not self.inside

    def flush(self) -> str:
        """What is left once the answer has ended: an unfinished call counts if it is whole JSON.

        Raises EngineError as push does.
        """
        held = self.feed.rest()
        if not self.inside:
            return held
        self.body.append(held)
        return self._leave()

    def _leave(self) -> str:
        """Note the call between two tags; a body that is no call stays content."""
        body, self.body = "".join(self.body), []
        call = decoded(body)
        if call is None or not isinstance(call.get("name"), str):
            return f"{OPENING}{body}{CLOSING}"
        arguments = call.get("arguments", call.get("parameters")) or {}
        if not isinstance(arguments, dict):
            raise EngineError(
                f'llama-server returned invalid tool call arguments for "{call["name"]}": '
                f"{json.dumps(arguments)[:200]} is not an object"
            )
        function = ToolCallFunction(index=len(self.calls), name=call["name"], arguments=arguments)
        self.calls.append(function)
        return ""
