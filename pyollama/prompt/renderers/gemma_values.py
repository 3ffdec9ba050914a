"""The notation of Gemma's tools: {key:value} with bare keys, and texts in quotes that are tokens.

Gemma 4 and FunctionGemma differ in the quote and in how they write null. Keys are always sorted.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pyollama.gotext import go_value
from pyollama.prompt.jsontext import require_shallow

__all__ = ["Notation"]

MAX_INT64 = 2**63 - 1


@dataclass(frozen=True)
class Notation:
    """What stands on both sides of a text, and what null is."""

    quote: str
    null: str = "null"

    def text(self, text: str) -> str:
        """A text in quotes; nothing in it is escaped."""
        return self.quote + text + self.quote

    def texts(self, texts: Iterable[Any]) -> str:
        """A list of texts; what is no text is left out."""
        return "[" + ",".join(self.text(each) for each in texts if isinstance(each, str)) + "]"

    def value(self, value: Any, depth: int = 0) -> str:
        """Any value that JSON has. Raises EngineError if it is nested too deeply."""
        require_shallow(depth)
        if value is None:
            return self.null
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return self.mapping(value, depth)
        if isinstance(value, list):
            return "[" + ",".join(self.value(each, depth + 1) for each in value) + "]"
        return _scalar(value)

    def mapping(self, mapping: Mapping[str, Any], depth: int = 0) -> str:
        """{key:value} with the keys sorted. Raises EngineError."""
        pairs = (f"{key}:{self.value(mapping[key], depth + 1)}" for key in sorted(mapping))
        return "{" + ",".join(pairs) + "}"


def _scalar(value: bool | float) -> str:
    """A whole number in digits while 64 bits hold it; everything else as Go's %v prints it."""
    if isinstance(value, bool):
        return go_value(value)
    whole = abs(value) <= MAX_INT64 and float(value).is_integer()
    return str(int(float(value))) if whole else go_value(value)
