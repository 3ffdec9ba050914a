"""What every parser of answers is: fed with text as it comes, it says what that text adds."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pyollama.api import Message
from pyollama.errors import EngineError
from pyollama.prompt.delta import Delta

__all__ = ["AnswerError", "Parser", "Start", "Tool"]

Tool = Mapping[str, Any]


class AnswerError(EngineError):
    """The model's answer does not follow its own format, and the answer ends with that."""


@dataclass(frozen=True)
class Start:
    """What a parser knows when an answer begins.

    tools: of the request, as the client wrote them
    last: the last message of the conversation; one of the assistant with content is a start that
        the model goes on from. None in /api/generate.
    think: as the request has it, or as the model's default makes it; None if nobody said
    """

    tools: Sequence[Tool] = ()
    last: Message | None = None
    think: bool | str | None = None

    @property
    def continues(self) -> bool:
        """Whether the model goes on from content of its own."""
        last = self.last
        return last is not None and last.role == "assistant" and bool(last.content)


class Parser(ABC):
    """Takes one answer apart, in pieces that may be split anywhere; linear in the text's length."""

    preserved: tuple[str, ...] = ()
    """Control tokens whose text the parser must see."""

    def __init__(self, start: Start) -> None:
        self.start = start

    @property
    def tools(self) -> Sequence[Tool]:
        """The tools as the model is told of them; some families cannot take every name."""
        return self.start.tools

    @abstractmethod
    def add(self, text: str, *, done: bool) -> Delta:
        """What more text adds; `done` comes once, with the last of it, which may be empty.

        Calls are numbered over the whole answer. Raises AnswerError.
        """
