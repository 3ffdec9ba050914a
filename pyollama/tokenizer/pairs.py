"""Two texts as one: how a model that ranks reads a query and a document.

BERT reads [CLS] query [SEP] document [SEP], RoBERTa <s> query </s></s> document </s>. The file's
keys tell which: add_bos_token and add_eos_token as for one text, whose end each of the two has,
and add_sep_token for one more separator between them.
Source: the reranking of llama.cpp's server.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from pyollama.tokenizer.base import Tokenizer
from pyollama.tokenizer.metadata import Metadata, flag, token_id


@dataclass(frozen=True)
class PairForm:
    """The special tokens before, between and after two texts."""

    before: tuple[int, ...]
    between: tuple[int, ...]
    after: tuple[int, ...]

    def __len__(self) -> int:
        """How many there are in all."""
        return len(self.before) + len(self.between) + len(self.after)

    def join(self, first: Sequence[int], second: Sequence[int]) -> list[int]:
        """The ids of a pair, from those of its texts without special tokens."""
        return [*self.before, *first, *self.between, *second, *self.after]


def pair_form(tokenizer: Tokenizer, metadata: Metadata) -> PairForm:
    """The form that a file wants; the tokenizer is the one that it describes.

    A file that says nothing of separators gets one: that which ends a text, or else its own.
    """
    bos = _ids(tokenizer.bos, flag(metadata, "add_bos_token", tokenizer.add_bos))
    eos = _ids(tokenizer.eos, flag(metadata, "add_eos_token", tokenizer.add_eos))
    separator = token_id(metadata, "seperator", tokenizer.n_vocab, tokenizer.eos)  # spelled so
    return PairForm(bos, eos + _ids(separator, flag(metadata, "add_sep_token", not eos)), eos)


def _ids(id: int | None, is_wanted: bool) -> tuple[int, ...]:
    return (id,) if is_wanted and id is not None else ()
