"""What OpenAI's requests say of when to stop, and of how many answers."""

from typing import Any

from pyollama_http.openai.messages import GO_TYPES
from pyollama_http.translating import Untranslatable

__all__ = ["number_of_choices", "stop_of"]

MAX_CHOICES = 128


def stop_of(stop: Any, *, strict_items: bool) -> list[str] | None:
    """The stop strings; None if there are none, or something else stands there.

    strict_items: items that are no strings are refused, where they are passed over otherwise
    """
    if isinstance(stop, str):
        return [stop]
    if not isinstance(stop, list):
        return None
    for item in stop:
        if strict_items and not isinstance(item, str):
            raise Untranslatable(f"invalid type for 'stop' field: {GO_TYPES[type(item)]}")
    return [item for item in stop if isinstance(item, str)] or None


def number_of_choices(n: Any) -> int:
    """How many answers are wanted. Untranslatable for what is no such number."""
    if n is None:
        return 1
    if type(n) is not int or not 1 <= n <= MAX_CHOICES:
        raise Untranslatable(f"n must be an integer between 1 and {MAX_CHOICES}")
    return n
