"""The vocabulary of a GGUF file: text, score and type of each token, in the order of their ids."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from itertools import repeat
from math import inf, isnan

from pyollama.tokenizer.errors import TokenizerError
from pyollama.tokenizer.metadata import Metadata, array

MAX_FLOAT32 = (2 - 2**-23) * 2.0**127


class TokenType(IntEnum):
    """What a token stands for (`tokenizer.ggml.token_type`)."""

    NORMAL = 1
    UNKNOWN = 2
    CONTROL = 3
    USER_DEFINED = 4
    UNUSED = 5
    BYTE = 6


@dataclass
class Vocabulary:
    """Texts, scores and types by token id, and the id of each text."""

    tokens: list[str]
    scores: list[float]
    types: list[TokenType]
    ids: dict[str, int]  # of equal texts the last one counts

    def __len__(self) -> int:
        return len(self.tokens)

    def first(self, texts: Iterable[str]) -> int | None:
        """The id of the first of the texts that is a token."""
        return next((self.ids[text] for text in texts if text in self.ids), None)


def read_vocabulary(metadata: Metadata) -> Vocabulary:
    """Read texts, scores and types; missing scores are 0, missing types are normal.

    TokenizerError if there are no texts, or the arrays do not fit together.
    """
    texts = array(metadata, "tokens", str)
    if not texts:
        raise TokenizerError("the model has no vocabulary: tokenizer.ggml.tokens is missing")
    if not all(texts):
        texts = [text or f"[EMPTY_{id}]" for id, text in enumerate(texts)]
    return Vocabulary(
        tokens=texts,
        scores=_read_scores(metadata, len(texts)),
        types=_read_types(metadata, len(texts)),
        ids=dict(zip(texts, range(len(texts)), strict=True)),
    )


def _read_scores(metadata: Metadata, n_vocab: int) -> list[float]:
    scores = [float(score) for score in array(metadata, "scores", int, float)]
    _check_length("scores", len(scores), n_vocab)
    if any(isnan(score) or MAX_FLOAT32 < abs(score) < inf for score in scores):
        raise TokenizerError("tokenizer.ggml.scores holds a value that is no 32-bit number")
    return scores or [0.0] * n_vocab


def _read_types(metadata: Metadata, n_vocab: int) -> list[TokenType]:
    """A number that is no type is read as a token without attributes: never shown."""
    known = {int(type): type for type in TokenType}
    values = array(metadata, "token_type", int)
    types = list(map(known.get, values, repeat(TokenType.UNUSED)))
    _check_length("token_type", len(types), n_vocab)
    return types or [TokenType.NORMAL] * n_vocab


def _check_length(name: str, length: int, n_vocab: int) -> None:
    if length not in {0, n_vocab}:
        raise TokenizerError(f"tokenizer.ggml.{name} has {length} entries for {n_vocab} tokens")
