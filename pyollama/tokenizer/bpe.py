"""Byte-pair vocabularies (`tokenizer.ggml.model` = gpt2, gemma4): merging by a list of ranks."""

from collections.abc import Iterator, Sequence
from functools import cached_property, lru_cache
from itertools import chain, pairwise

import regex

from pyollama.tokenizer.base import Tokenizer
from pyollama.tokenizer.byte_alphabet import from_alphabet, to_alphabet
from pyollama.tokenizer.byte_tokens import SPACE_MARK, byte_name, byte_value
from pyollama.tokenizer.errors import TokenizerError
from pyollama.tokenizer.long_words import MergeTable, merge_long
from pyollama.tokenizer.merges import MergeLines, merge
from pyollama.tokenizer.metadata import PREFIX, Metadata, array, flag
from pyollama.tokenizer.pretokenizer import PreTokenizer, words
from pyollama.tokenizer.slices import spans
from pyollama.tokenizer.special import SpecialTokens
from pyollama.tokenizer.splitter import Splitter
from pyollama.tokenizer.vocabulary import TokenType, Vocabulary

CACHED_WORDS = 1 << 16
CACHED_PARTS = 1 << 13
CACHED_LENGTH = 64  # longer words and parts seldom come back
LONG_WORD = 8192  # from here on the other way of merging pays
MAX_WORD = 1 << 20  # characters merged at once: each takes some 60 bytes meanwhile


class BytePairTokenizer(Tokenizer):
    """Cuts text into words, writes them in an alphabet and merges them by rank."""

    def __init__(
        self,
        metadata: Metadata,
        vocabulary: Vocabulary,
        special: SpecialTokens,
        splitter: Splitter,
        pre: PreTokenizer,
    ) -> None:
        add_bos = flag(metadata, "add_bos_token", pre.add_bos) or pre.always_bos
        super().__init__(
            vocabulary,
            special,
            splitter,
            add_bos=add_bos,
            add_eos=flag(metadata, "add_eos_token", False),
        )
        self._pre = pre
        if f"{PREFIX}merges" not in metadata and pre.needs_merges:
            raise TokenizerError("cannot find tokenizer merges in model file")
        self._ranks = MergeLines(array(metadata, "merges", str))
        self._cached = lru_cache(CACHED_WORDS)(self._ids_of_word)
        self._cached_part = lru_cache(CACHED_PARTS)(self._ids_of)

    def _encode_plain(self, text: str, *, after_special: bool) -> Iterator[Sequence[int]]:
        if self._pre.spelling == "space marks":
            text = text.replace(" ", SPACE_MARK)
        for word in words(text, self._pre.expressions):
            if len(word) <= CACHED_LENGTH:
                yield self._cached(word)
            else:
                yield from self._encode_word(word)

    def _ids_of_word(self, word: str) -> Sequence[int]:
        """The ids of a word that is not long."""
        return tuple(chain.from_iterable(self._encode_word(word)))

    def _encode_word(self, word: str) -> Iterator[Sequence[int]]:
        """The ids of a word, some at a time."""
        if self._pre.spelling == "byte alphabet":
            word = to_alphabet(word)
        if self._is_whole(word) and (whole := self.vocabulary.ids.get(word)) is not None:
            yield (whole,)
        elif len(word) >= LONG_WORD and self._ranks:
            for start in range(0, len(word), MAX_WORD):
                yield from self._encode_long_word(word[start : start + MAX_WORD])
        else:
            yield [id for part in merge(word, self._ranks) for id in self._ids_of_part(part)]

    def _encode_long_word(self, word: str) -> Iterator[Sequence[int]]:
        tokens, bounds = merge_long(word, self._merge_table)
        for first, last in spans(len(tokens)):
            some, places = tokens[first:last].tolist(), bounds[first : last + 1].tolist()
            yield [
                id
                for token, (start, end) in zip(some, pairwise(places), strict=True)
                for id in ([token] if token >= 0 else self._ids_of(word[start:end]))
            ]

    @cached_property
    def _merge_table(self) -> MergeTable:
        return MergeTable(self._ranks.pairs(), self.vocabulary.ids)

    def _is_whole(self, word: str) -> bool:
        """Whether a word that is a token is not merged, so that no merge can miss that token."""
        return self._pre.whole_words or (self._pre.whole_newlines and word[0] == "\n")

    def _ids_of_part(self, part: str) -> Sequence[int]:
        return self._cached_part(part) if len(part) <= CACHED_LENGTH else self._ids_of(part)

    def _ids_of(self, part: str) -> list[int]:
        """The id of a merged part; of one that is no token, the ids of its bytes that are."""
        ids = self.vocabulary.ids
        if (id := ids.get(part)) is not None:
            return [id]
        if self._pre.spelling == "byte alphabet":
            names = [chr(byte) for byte in part.encode() if byte < 0x80]
        else:
            names = [byte_name(byte) for byte in part.encode()]
        return [ids[name] for name in names if name in ids]

    def _piece_bytes(self, text: str, type: TokenType) -> bytes:
        if type is TokenType.BYTE:
            return byte_value(text)
        if type is not TokenType.NORMAL:
            return b""
        marked = self._pre.spelling == "space marks"
        return text.replace(SPACE_MARK, " ").encode() if marked else from_alphabet(text)

    def _join(self, pieces: Sequence[bytes], *, exact: bool) -> bytes:
        joined = b"".join(pieces)
        return clean_spaces(joined) if self._pre.clean_spaces and not exact else joined


def clean_spaces(text: bytes) -> bytes:
    """Take out the spaces that word-level vocabularies put before punctuation and contractions."""
    text = regex.sub(rb" (?=[?!.,])", b"", text)
    text = regex.sub(rb" ' ", b"'", text)
    return regex.sub(rb" (?='(?:s|m|re|ve))", b"", text)
