"""`glm-4.7` and `glm-ocr`: thinking, content, and calls with keys and values in turn."""

from collections.abc import Mapping
from typing import Any

from pyollama.prompt.parsers.argkeys import read_call
from pyollama.prompt.parsers.base import AnswerError
from pyollama.prompt.parsers.states import Next, State, ThinkingParser
from pyollama.prompt.parsers.values import tool_named

__all__ = ["GLM", "GLMOCR"]

CALL, CALL_END = "<tool_call>", "</tool_call>"


class GLMOCR(ThinkingParser):
    """An answer may begin with thinking; nobody is asked whether it should."""

    preserved = (
        *("<think>", "</think>", CALL, CALL_END),
        *("<arg_key>", "</arg_key>", "<arg_value>", "</arg_value>"),
    )

    def first(self) -> State:
        """Thinking has a tag of its own."""
        return self.look_for_thinking

    def content(self) -> Next:
        """Content, up to a call."""
        return self.call if self.pass_on((CALL,), self.out.content) else None

    def call(self) -> Next:
        """A call. Raises AnswerError."""
        if not self.gather(CALL_END):
            return None
        self.out.call(*read_call(self.take_body(), self.tools))
        return self.gap

    def finish(self) -> None:
        """A call without its end counts if it can be carried out. Raises AnswerError."""
        if self.state != self.call:
            return
        try:
            name, arguments = read_call(self.take_body(), self.tools, repair=False)
            self.check(name, arguments)
        except AnswerError as error:
            raise AnswerError(f"incomplete GLM tool call: {error}") from None
        self.out.call(name, arguments)

    def check(self, name: str, arguments: Mapping[str, Any]) -> None:
        """Whether a tool is declared and has what it requires. Raises AnswerError."""
        function = tool_named(self.tools, name)
        if function is None:
            raise AnswerError(f"tool '{name}' not found")
        missing = [key for key in required_of(function) if key not in arguments]
        if missing:
            raise AnswerError(f"missing required arguments: {', '.join(missing)}")


class GLM(GLMOCR):
    """The prompt opens thinking, unless it is turned off."""

    def first(self) -> State:
        """Thinking; when that is off, a block of it at the beginning is thinking still."""
        return self.look_for_thinking if self.start.think is False else self.thinking


def required_of(function: Mapping[str, Any]) -> list[str]:
    """The names of the arguments that a declared function cannot do without."""
    parameters = function.get("parameters")
    required = parameters.get("required") if isinstance(parameters, Mapping) else None
    names = required if isinstance(required, list) else []
    return [name for name in names if isinstance(name, str)]
