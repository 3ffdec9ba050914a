"""What requests of other APIs say of sampling and of how long a model stays, in native terms."""

from typing import Any

from pyollama.api import Duration
from pyollama_http.gojson.bind import Place, parser_of
from pyollama_http.gojson.scanner import Number, Pairs, Tree
from pyollama_http.translating import Untranslatable

__all__ = ["keep_alive_of", "merged"]


def merged(defaults: dict[str, Any], extra: Any, given: dict[str, Any]) -> dict[str, Any]:
    """The options: what the API fixes, what the field options says, what the request names.

    Unnamed fields (None) do not count. Untranslatable if extra is no object.
    """
    if not isinstance(extra, dict | None):
        raise Untranslatable("options must be an object")
    named = {name: value for name, value in given.items() if value is not None}
    return {**defaults, **(extra or {}), **named}


def keep_alive_of(value: Any) -> Duration | None:
    """How long the model stays, as the native API reads it."""
    parsed = parser_of(Duration)(_tree(value), Place())
    return parsed if isinstance(parsed, Duration) else None


def _tree(value: Any) -> Tree:
    """A free-form value as it was before, as far as it matters where no object is wanted."""
    if type(value) in (int, float):
        return Number(value)
    return Pairs() if type(value) is dict else value
