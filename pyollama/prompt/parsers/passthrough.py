"""`passthrough`: whatever the model says is content."""

from pyollama.prompt.delta import Delta
from pyollama.prompt.parsers.base import Parser

__all__ = ["Passthrough"]


class Passthrough(Parser):
    """No thinking and no calls."""

    def add(self, text: str, *, done: bool) -> Delta:
        """All of it, at once."""
        return Delta(content=text)
