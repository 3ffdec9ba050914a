"""Reading a model's hyperparameters from GGUF metadata, each checked before it is used.

A GGUF file is untrusted input, and every size below comes from it: a bound on each value here is
what keeps the arithmetic of later steps finite and the allocations sane.
"""

import math
from collections.abc import Mapping
from typing import Any

from pyollama_formats.errors import FormatError

MAX_LAYERS = 1024
MAX_HEADS = 4096
MAX_WIDTH = 1 << 20  # of an embedding or a feed-forward layer
MAX_CONTEXT = 1 << 30
MAX_VOCABULARY = 1 << 20  # tokens; the largest in use have some 300,000


class ModelError(FormatError):
    """The file is a GGUF, but not a model that can be run."""


class Hyperparameters:
    """The metadata keys ``<architecture>.*`` of a GGUF, by name and with bounds."""

    def __init__(self, metadata: Mapping[str, Any], architecture: str) -> None:
        self.metadata = metadata
        self.architecture = architecture

    def get(self, key: str) -> Any:
        """The raw value of ``<architecture>.<key>``, None if absent."""
        return self.metadata.get(f"{self.architecture}.{key}")

    def integer(self, key: str, low: int, high: int, default: int | None = None) -> int:
        """An integer within [low, high]. Raises ModelError if it is missing or something else."""
        value = self.get(key)
        if value is None and default is not None:
            return default
        if value is None:
            raise ModelError(f"key not found in model: {self.architecture}.{key}")
        if not isinstance(value, int) or isinstance(value, bool):
            raise ModelError(f"{self.architecture}.{key} is not an integer")
        if not low <= value <= high:
            raise ModelError(f"{self.architecture}.{key} is {value}, not within {low} to {high}")
        return value

    def number(self, key: str, low: float, high: float, default: float) -> float:
        """A finite number within [low, high], or the default if the key is absent."""
        value = self.get(key)
        if value is None:
            return default
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise ModelError(f"{self.architecture}.{key} is not a number")
        if not (math.isfinite(value) and low <= value <= high):
            raise ModelError(f"{self.architecture}.{key} is {value}, not within {low} to {high}")
        return float(value)

    def text(self, key: str, default: str) -> str:
        """A string, or the default if the key is absent."""
        value = self.get(key)
        if value is None:
            return default
        if not isinstance(value, str):
            raise ModelError(f"{self.architecture}.{key} is not a string")
        return value

    def same_in_all_layers(self, key: str, low: int, high: int, default: int | None = None) -> int:
        """An integer that a file may also give as one value per layer, if they are all the same."""
        value = self.get(key)
        if value is None or isinstance(value, int):
            return self.integer(key, low, high, default)
        if isinstance(value, str | float) or not 0 < len(value) <= MAX_LAYERS:
            raise ModelError(f"{self.architecture}.{key} is not an integer or one per layer")
        values = set(value.tolist())
        only = values.pop()
        if values or not isinstance(only, int) or not low <= only <= high:
            raise ModelError(f"{self.architecture}.{key} differs from layer to layer")
        return only


def vocabulary_size(metadata: Mapping[str, Any]) -> int:
    """The number of tokens in the vocabulary. Raises ModelError for none, and for too many."""
    tokens = metadata.get("tokenizer.ggml.tokens")
    if tokens is None or isinstance(tokens, str | int | float) or len(tokens) == 0:
        raise ModelError("key not found in model: tokenizer.ggml.tokens")
    if len(tokens) > MAX_VOCABULARY:
        raise ModelError(f"the vocabulary has {len(tokens)} tokens, more than {MAX_VOCABULARY}")
    return len(tokens)
