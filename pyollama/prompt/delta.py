"""What some more text of a model adds to its answer."""

from msgspec import Struct

from pyollama.api import ToolCallFunction

__all__ = ["Delta"]


class Delta(Struct, frozen=True):  # a struct, since one is made for every piece of text
    """More content, more thinking, and calls of tools that are complete now; any may be empty."""

    content: str = ""
    thinking: str = ""
    calls: tuple[ToolCallFunction, ...] = ()

    def __add__(self, other: "Delta") -> "Delta":
        """Both, this one first."""
        return Delta(
            self.content + other.content,
            self.thinking + other.thinking,
            self.calls + other.calls,
        )

    def __bool__(self) -> bool:
        """Whether it adds anything."""
        return bool(self.content or self.thinking or self.calls)
