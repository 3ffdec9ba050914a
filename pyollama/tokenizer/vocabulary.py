"""The vocabulary of a GGUF file: text, score and type of each token, in the order of their ids."""

from array import array
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from math import inf, isnan

from pyollama.tokenizer.errors import TokenizerError
from pyollama.tokenizer.metadata import Metadata
from pyollama.tokenizer.metadata import array as array_of
from pyollama.tokenizer.texts import TextNumbers, Texts

MAX_FLOAT32 = (2 - 2**-23) * 2.0**127


class TokenType(IntEnum):
    """What a token stands for (`tokenizer.ggml.token_type`)."""

    NORMAL = 1
    UNKNOWN = 2
    CONTROL = 3
    USER_DEFINED = 4
    UNUSED = 5
    BYTE = 6


_TYPES: tuple[TokenType, ...] = (TokenType.UNUSED, *TokenType)  # their numbers begin with 1


@dataclass
class Vocabulary:
    """Texts, scores and types by token id, and the id of each text.

    A hundred thousand tokens and more: so none of it is a list of Python's objects.
    """

    tokens: Texts
    scores: "array[float]"
    types: bytearray  # numbers of TokenType
    ids: TextNumbers = field(compare=False)  # of equal texts the last one counts

    def __len__(self) -> int:
        return len(self.tokens)

    def type_of(self, id: int) -> TokenType:
        """The type of a token."""
        return _TYPES[self.types[id]]

    def ids_of_types(self, wanted: Collection[TokenType]) -> Iterator[int]:
        """The ids of all tokens of some types, ascending."""
        return (id for id, number in enumerate(self.types) if number in wanted)

    def first(self, texts: Iterable[str]) -> int | None:
        """The id of the first of the texts that is a token."""
        return next((id for text in texts if (id := self.ids.get(text)) is not None), None)


def read_vocabulary(metadata: Metadata) -> Vocabulary:
    """Read texts, scores and types; missing scores are 0, missing types are normal.

    TokenizerError if there are no texts, or the arrays do not fit together.
    """
    texts = array_of(metadata, "tokens", str)
    if not texts:
        raise TokenizerError("the model has no vocabulary: tokenizer.ggml.tokens is missing")
    if not all(texts):
        texts = [text or f"[EMPTY_{id}]" for id, text in enumerate(texts)]
    tokens = Texts(texts)
    return Vocabulary(
        tokens=tokens,
        scores=_read_scores(metadata, len(texts)),
        types=_read_types(metadata, len(texts)),
        ids=TextNumbers(texts, tokens, latest=True),
    )


def _read_scores(metadata: Metadata, n_vocab: int) -> "array[float]":
    scores = [float(score) for score in array_of(metadata, "scores", int, float)]
    _check_length("scores", len(scores), n_vocab)
    if any(isnan(score) or MAX_FLOAT32 < abs(score) < inf for score in scores):
        raise TokenizerError("tokenizer.ggml.scores holds a value that is no 32-bit number")
    return array("f", scores or bytes(4 * n_vocab))


def _read_types(metadata: Metadata, n_vocab: int) -> bytearray:
    """A number that is no type is read as a token without attributes: never shown."""
    known = {*map(int, TokenType)}
    values = array_of(metadata, "token_type", int)
    types = bytearray(value if value in known else TokenType.UNUSED for value in values)
    _check_length("token_type", len(types), n_vocab)
    return types or bytearray([TokenType.NORMAL]) * n_vocab


def _check_length(name: str, length: int, n_vocab: int) -> None:
    if length not in {0, n_vocab}:
        raise TokenizerError(f"tokenizer.ggml.{name} has {length} entries for {n_vocab} tokens")
