"""What all tokenizers share: special tokens around and inside the text, and the way back."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from itertools import repeat

import regex

from pyollama.tokenizer.slices import slices
from pyollama.tokenizer.special import SpecialTokens
from pyollama.tokenizer.splitter import Splitter
from pyollama.tokenizer.utf8 import decode_utf8
from pyollama.tokenizer.vocabulary import TokenType, Vocabulary

_HIDDEN = (TokenType.CONTROL, TokenType.UNKNOWN)
_LONE_SURROGATE = regex.compile("[\ud800-\udfff]")


class Tokenizer(ABC):
    """Text to token ids and back; safe to use from several threads.

    bos, eos: ids that begin and end a text; add_bos, add_eos: whether the model wants them.
    eog: ids that end a generation. suppressed: ids that must never be generated.
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        special: SpecialTokens,
        splitter: Splitter,
        *,
        add_bos: bool,
        add_eos: bool,
    ) -> None:
        self.n_vocab = len(vocabulary)
        self.bos, self.eos, self.eog = special.bos, special.eos, special.eog
        self.suppressed = special.suppressed
        self.add_bos, self.add_eos = add_bos, add_eos
        self.vocabulary = vocabulary
        self._splitter = splitter

    def encode(
        self,
        text: str,
        *,
        add_special: bool = True,
        parse_special: bool = True,
        at_most: int | None = None,
    ) -> list[int]:
        """The ids of a text.

        add_special: put bos before and eos after it, if the model wants them.
        parse_special: special tokens spelled out in the text become those tokens; if not, only
            user-defined ones do.
        at_most: stop when the text has more tokens than that; what comes then is left out. So a
            text that is too long costs no memory for tokens that nobody wants.
        """
        ids = [self.bos] if add_special and self.add_bos and self.bos is not None else []
        after_special = True
        for part in self._splitter.split(_well_formed(text), parse_special=parse_special):
            if isinstance(part, int):
                ids.append(part)
            else:
                for some in self._encode_plain(part, after_special=after_special):
                    ids += some
                    if at_most is not None and len(ids) > at_most:
                        return ids
            after_special = isinstance(part, int)
        if add_special and self.add_eos and self.eos is not None:
            ids.append(self.eos)
        return ids

    def decode(self, ids: Sequence[int], *, special: bool = False, exact: bool = False) -> str:
        """The text of a whole sequence; control tokens are left out unless `special`.

        exact: every space stays; otherwise those go that some vocabularies put before punctuation.
        """
        pieces = [self.piece(id, special=special) for id in ids]
        return decode_utf8(self._join(pieces, exact=exact))

    def piece(self, id: int, *, special: bool = False) -> bytes:
        """The bytes of one token; empty for control tokens unless `special`."""
        return self._piece(self.vocabulary.tokens[id], self.vocabulary.type_of(id), special)

    def pieces(self) -> Iterator[bytes]:
        """The bytes of every token, in the order of their ids; empty for control tokens."""
        types = map(self.vocabulary.type_of, range(self.n_vocab))
        return map(self._piece, self.vocabulary.tokens, types, repeat(False))

    def _piece(self, text: str, type: TokenType, special: bool) -> bytes:
        if type in _HIDDEN and not special:
            return b""
        if type in _HIDDEN or type is TokenType.USER_DEFINED:
            return text.encode()
        return self._piece_bytes(text, type)

    def token(self, id: int) -> str:
        """The text of a token as the vocabulary stores it."""
        return self.vocabulary.tokens[id]

    @abstractmethod
    def _encode_plain(self, text: str, *, after_special: bool) -> Iterator[Sequence[int]]:
        """The ids of a fragment without special tokens, some at a time.

        after_special: whether what stands before it is a special token, or nothing.
        """

    @abstractmethod
    def _piece_bytes(self, text: str, type: TokenType) -> bytes:
        """The bytes that a normal, unused or byte token stands for."""

    @abstractmethod
    def _join(self, pieces: Sequence[bytes], *, exact: bool) -> bytes:
        """The bytes of a whole sequence, with the corrections that a whole text gets."""


def _well_formed(text: str) -> str:
    """The text with U+FFFD for every half of a surrogate pair, which no token can hold."""
    return "".join(_LONE_SURROGATE.sub("\ufffd", part) for part in slices(text))
