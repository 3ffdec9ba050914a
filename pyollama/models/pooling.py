"""From the rows of a text to the one vector that stands for it, or to the row that is scored.

Papers: arXiv:1908.10084 (sentence embeddings: mean or first row), 2212.03533 (last row).
Shapes: T rows, D = n_embd.
"""

from dataclasses import dataclass
from enum import IntEnum
from math import sqrt

from pyollama.models.hyperparameters import Hyperparameters
from pyollama_tensor.types import Array

MIN_NORM = 1e-12  # a shorter vector is scaled as if it were so long: zero stays zero


class PoolingType(IntEnum):
    """The values of ``<architecture>.pooling_type``."""

    NONE = 0  # no pooling: each row is its own; the first one is what Ollama shows
    MEAN = 1
    CLS = 2  # the row of the token [CLS], which begins every text
    LAST = 3
    RANK = 4  # the first row, from which a classifier makes the score of a pair of texts


@dataclass(frozen=True)
class Pooling:
    """How a model's rows become a vector, and whether the engine scales that to length 1."""

    type: PoolingType
    normalizes: bool

    @property
    def ranks(self) -> bool:
        """Whether the model scores pairs of texts."""
        return self.type is PoolingType.RANK


def read_pooling(keys: Hyperparameters) -> Pooling | None:
    """The pooling of a GGUF, None if it makes text and no embeddings. Raises ModelError."""
    if keys.get("pooling_type") is None:
        return None
    type = PoolingType(keys.integer("pooling_type", 0, max(PoolingType)))
    is_whole = type not in (PoolingType.NONE, PoolingType.RANK)
    return Pooling(type, is_whole and _normalizes(keys))


def ranks(keys: Hyperparameters) -> bool:
    """Whether a model scores pairs of texts, and makes no embeddings. Raises ModelError."""
    pooling = read_pooling(keys)
    return pooling is not None and pooling.ranks


def _normalizes(keys: Hyperparameters) -> bool:
    """Whether vectors have length 1: as the file says, or as its architecture usually has it."""
    stated = keys.get("normalize_embeddings")
    if keys.architecture == "bert":
        return stated is not False and keys.metadata.get("tokenizer.ggml.model") == "bert"
    if keys.architecture in ("nomic-bert", "nomic-bert-moe"):
        return stated is True
    return True


def pool(rows: Array, pooling: Pooling) -> Array:
    """The vector of a text from all its rows, (T, D) -> (D,)."""
    if pooling.type is PoolingType.MEAN:
        vector: Array = rows.mean(axis=0)
    else:
        vector = rows[-1] if pooling.type is PoolingType.LAST else rows[0]
    return unit(vector) if pooling.normalizes else vector


def unit(vector: Array) -> Array:
    """The vector scaled to length 1, (D,) -> (D,)."""
    exact = vector.astype("float64")
    norm = sqrt(float(exact @ exact))
    return (exact / max(norm, MIN_NORM)).astype("float32")
