"""`deepseek3` and `cogito`: calls between DeepSeek's tokens, and thinking that a tag ends.

    <｜tool▁calls▁begin｜><｜tool▁call▁begin｜>NAME<｜tool▁sep｜>{...}<｜tool▁call▁end｜><｜tool▁calls▁end｜>

The tags of calls are single tokens of these models. So content never waits for the rest of one.
"""

import logging
from typing import ClassVar

from pyollama.prompt.parsers.gojson import JSONError, read_object
from pyollama.prompt.parsers.machine import SPACE
from pyollama.prompt.parsers.states import Next, State, ThinkingParser

__all__ = ["Cogito", "DeepSeek"]

CALLS, CALLS_END = "<｜tool▁calls▁begin｜>", "<｜tool▁calls▁end｜>"
CALL, CALL_END = "<｜tool▁call▁begin｜>", "<｜tool▁call▁end｜>"
SEPARATOR = "<｜tool▁sep｜>"
OUTPUT, OUTPUT_END = "<｜tool▁output▁begin｜>", "<｜tool▁output▁end｜>"
OUTPUTS, OUTPUTS_END = "<｜tool▁outputs▁begin｜>", "<｜tool▁outputs▁end｜>"
FENCE = "```json\n"

log = logging.getLogger(__name__)


class DeepSeek(ThinkingParser):
    """Thinking only if it was asked for, since the prompt opens it only then."""

    preserved = (
        *("<think>", "</think>", SEPARATOR),
        *(CALLS, CALLS_END, CALL, CALL_END),
        *(OUTPUT, OUTPUT_END, OUTPUTS, OUTPUTS_END),
    )
    outputs: ClassVar[dict[str, str]] = {OUTPUT: OUTPUT_END}
    """How results of tools that a model writes itself begin and end."""
    shows_outputs = True
    output_end = ""  # of the result that is being read

    def first(self) -> State:
        """Thinking, or content if that is off or the model goes on from its own."""
        thinks = bool(self.start.think) and not self.start.continues
        return self.thinking if thinks else self.content

    def content(self) -> Next:
        """Content, up to calls or results."""
        tag = self.pass_at_once((CALLS, *self.outputs), self.out.content)
        if tag == CALLS:
            return self.calls
        if not tag:
            return None
        self.output_end = self.outputs[tag]
        return self.output

    def output(self) -> Next:
        """A result of a tool."""
        sink: list[str] = self.out.content if self.shows_outputs else []
        return self.gap if self.pass_on((self.output_end,), sink) else None

    def calls(self) -> Next:
        """Between calls, where other text does not count."""
        _, tag = self.feed.upto((CALL, CALLS_END))
        if not tag:
            return None
        return self.call if tag == CALL else self.gap

    def call(self) -> Next:
        """A call; those after one that cannot be read are lost with it."""
        tag = self.gather(CALL_END, CALLS_END)
        if not tag:
            return None
        body = self.take_body()
        if tag == CALLS_END:
            return self.gap
        try:
            self.out.call(*self.read_call(body))
        except JSONError as error:
            log.warning("a call of a tool cannot be read: %s", error)
            return self.lost
        return self.calls

    def lost(self) -> Next:
        """After a call that cannot be read, up to the end of all calls."""
        _, tag = self.feed.upto((CALLS_END,))
        return self.gap if tag else None

    def read_call(self, body: str) -> tuple[str, dict[str, object]]:
        """The name and the arguments of a call. Raises JSONError."""
        name, found, arguments = body.partition(SEPARATOR)
        if not found:
            raise JSONError(f"no {SEPARATOR} after the name")
        return name.strip(SPACE), read_object(arguments.strip(SPACE))


class Cogito(DeepSeek):
    """The same, but calls name their kind first, and with tools there is no thinking."""

    outputs: ClassVar[dict[str, str]] = {OUTPUT: OUTPUT_END, OUTPUTS: OUTPUTS_END}
    shows_outputs = False

    def first(self) -> State:
        """As DeepSeek, and content if there are tools."""
        return self.content if self.start.tools else super().first()

    def read_call(self, body: str) -> tuple[str, dict[str, object]]:
        """`function<｜tool▁sep｜>NAME`, then the arguments in a fenced block. Raises JSONError."""
        _, _, rest = body.partition(SEPARATOR)
        name, found, fenced = rest.partition("\n" + FENCE)
        if not found:
            raise JSONError("no arguments after the name")
        arguments, found, _ = fenced.partition("\n```")
        if not found:
            raise JSONError("the arguments do not end")
        return name.strip(SPACE), read_object(arguments)
