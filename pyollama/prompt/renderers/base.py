"""What every renderer is: a conversation in, the text that its family was trained on out."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from pyollama.api import Message
from pyollama.errors import EngineError

__all__ = ["RenderError", "Renderer", "Think", "Tool"]

Tool = Mapping[str, Any]
Think = bool | str | None
"""true, false, a level, or None if neither the request nor the model's default says."""


class RenderError(EngineError):
    """The conversation cannot be written in the family's format."""


class Renderer(ABC):
    """Writes the prompts of one family; it has no state, one instance serves all requests."""

    bos: ClassVar[str] = ""
    """Text of the token that begins a prompt, which a tokenizer that adds it must not double."""

    sees_images: ClassVar[bool] = False
    """Whether images of messages are tagged in the text."""

    @abstractmethod
    def render(self, messages: Sequence[Message], tools: Sequence[Tool], think: Think) -> str:
        """The prompt. Raises RenderError."""
