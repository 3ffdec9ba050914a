"""What OpenAI's requests say of sampling, as Ollama's options."""

from typing import Any

from pyollama.api import Duration
from pyollama_http.gojson.bind import Place, parser_of
from pyollama_http.gojson.scanner import Number
from pyollama_http.openai.messages import GO_TYPES
from pyollama_http.translating import Untranslatable

__all__ = ["keep_alive_of", "merged", "number_of_choices", "stop_of"]

MAX_CHOICES = 128


def merged(defaults: dict[str, Any], extra: Any, given: dict[str, Any]) -> dict[str, Any]:
    """The options: what the API fixes, what the field options says, what the request names.

    Unnamed fields (None) do not count. Untranslatable if extra is no object.
    """
    if not isinstance(extra, dict | None):
        raise Untranslatable("options must be an object")
    named = {name: value for name, value in given.items() if value is not None}
    return {**defaults, **(extra or {}), **named}


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


def keep_alive_of(value: Any) -> Duration | None:
    """How long the model stays, as the native API reads it."""
    tree = Number(value) if type(value) in (int, float) else value
    parsed = parser_of(Duration)(tree, Place())
    return parsed if isinstance(parsed, Duration) else None


def number_of_choices(n: Any) -> int:
    """How many answers are wanted. Untranslatable for what is no such number."""
    if n is None:
        return 1
    if type(n) is not int or not 1 <= n <= MAX_CHOICES:
        raise Untranslatable(f"n must be an integer between 1 and {MAX_CHOICES}")
    return n
