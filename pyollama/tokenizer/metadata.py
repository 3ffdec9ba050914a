"""Typed access to the `tokenizer.ggml.*` keys of a GGUF file.

Arrays may be plain lists or lazy arrays with a `tolist` method.
"""

from collections.abc import Mapping
from typing import Any

from pyollama.tokenizer.errors import TokenizerError

Metadata = Mapping[str, Any]

PREFIX = "tokenizer.ggml."


def array(metadata: Metadata, name: str, *kinds: type) -> list[Any]:
    """The items of an array key, all of these kinds; empty if the key is missing."""
    values = metadata.get(PREFIX + name)
    if values is None:
        return []
    items = values.tolist() if hasattr(values, "tolist") else values
    if not isinstance(items, list) or not {*map(type, items)} <= {*kinds}:
        raise TokenizerError(f"{PREFIX}{name} is not an array of the right type")
    return items


def text(metadata: Metadata, name: str, default: str) -> str:
    """A key that holds text."""
    return str(metadata.get(PREFIX + name, default))


def flag(metadata: Metadata, name: str, default: bool) -> bool:
    """A key that is true or false; a value of another type counts as missing."""
    value = metadata.get(PREFIX + name)
    return value if isinstance(value, bool) else default


def token_id(metadata: Metadata, name: str, n_vocab: int, default: int | None) -> int | None:
    """A key that holds a token id; an id outside the vocabulary is ignored, the default's too."""
    for value in metadata.get(f"{PREFIX}{name}_token_id"), default:
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < n_vocab:
            return value
    return None
