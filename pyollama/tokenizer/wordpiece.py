"""WordPiece vocabularies (`tokenizer.ggml.model` = bert): the longest pieces of each word.

A text is made plain (no accents, lower case), cut into words, and each word is cut from the left
into the longest pieces that the vocabulary has. GGUF files write a piece that begins a word with
▁ (U+2581) in front, and one that continues it without the ## of BERT's own vocabularies.
Papers: arXiv:1810.04805 (BERT), 2012.15524 (longest match).
"""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from unicodedata import normalize

import regex

from pyollama.tokenizer.base import Tokenizer
from pyollama.tokenizer.bpe import clean_spaces
from pyollama.tokenizer.byte_tokens import SPACE_MARK
from pyollama.tokenizer.errors import TokenizerError
from pyollama.tokenizer.metadata import Metadata, flag, token_id
from pyollama.tokenizer.slices import slices
from pyollama.tokenizer.special import SpecialTokens
from pyollama.tokenizer.splitter import Splitter
from pyollama.tokenizer.vocabulary import TokenType, Vocabulary

CACHED_WORDS = 1 << 16
CACHED_LENGTH = 64  # longer words seldom come back
CACHED_CHARACTERS = 1 << 16
DEFAULT_UNKNOWN, DEFAULT_SEPARATOR = 100, 102  # in the vocabularies of BERT itself

_WORD = regex.compile("[^ ]+")
_DROPPED = regex.compile(r"[\0\ufffd\p{Cc}\p{Cf}\p{Co}\p{Cs}]")
_MARK = regex.compile(r"\p{M}")
_PUNCTUATION = regex.compile(r"\p{P}|(?=[!-~])\p{S}")
_NARROW = 3  # characters by which the pieces that may begin at a place are known
MAX_LENGTHS = 64  # of the pieces that begin with these; vocabularies in use have some 20
MAX_PIECE = 1024  # characters
_SPACES = frozenset("\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000").union(
    map(chr, range(0x2000, 0x200B))
)
_IDEOGRAPHS = (
    (0x4E00, 0x9FFF),
    (0x3400, 0x4DBF),
    (0x20000, 0x2A6DF),
    (0x2A700, 0x2B73F),
    (0x2B740, 0x2B81F),
    (0x2B920, 0x2CEAF),  # sic: llama.cpp begins this range later than BERT does
    (0xF900, 0xFAFF),
    (0x2F800, 0x2FA1F),
)


class WordPieceTokenizer(Tokenizer):
    """Cuts words into pieces, the longest first; a word that does not come out even is unknown.

    Every text begins with [CLS], the file's bos, and ends with [SEP], here called eos.
    """

    def __init__(
        self,
        metadata: Metadata,
        vocabulary: Vocabulary,
        special: SpecialTokens,
        splitter: Splitter,
    ) -> None:
        n_vocab = len(vocabulary)
        separator = token_id(metadata, "seperator", n_vocab, DEFAULT_SEPARATOR)  # spelled so
        special = replace(special, eos=separator)
        super().__init__(vocabulary, special, splitter, add_bos=True, add_eos=True)
        unknown = token_id(metadata, "unknown", n_vocab, DEFAULT_UNKNOWN)
        self._unknown = () if unknown is None else (unknown,)
        lowercase = flag(metadata, "normalizer.lowercase", True)
        strips = flag(metadata, "normalizer.strip_accents", lowercase)
        self._plain = _PlainCharacters(lowercase=lowercase, strips_accents=strips)
        self._lengths = _piece_lengths(vocabulary.tokens)
        self._cached = lru_cache(CACHED_WORDS)(self._ids_of_word)

    def _encode_plain(self, text: str, *, after_special: bool) -> Iterator[Sequence[int]]:
        for word in self._words(text):
            yield self._cached(word) if len(word) <= CACHED_LENGTH else self._ids_of_word(word)

    def _words(self, text: str) -> Iterator[str]:
        """The words of a text made plain, a slice at a time; a word may reach across slices."""
        begun: list[str] = []
        for part in slices(text):
            ended, blank, rest = part.translate(self._plain).rpartition(" ")
            if blank:
                yield from (match[0] for match in _WORD.finditer("".join([*begun, ended])))
                begun.clear()
            begun.append(rest)
        if any(begun):
            yield "".join(begun)

    def _ids_of_word(self, word: str) -> Sequence[int]:
        """The ids of a word's pieces, or of the unknown token."""
        marked = SPACE_MARK + word
        ids, place = array("i"), 0  # of a long word a list would take ten times the memory
        while place < len(marked):
            found = self._longest_piece(marked, place)
            if found is None:
                return self._unknown
            id, place = found
            ids.append(id)
        return ids

    def _longest_piece(self, word: str, place: int) -> tuple[int, int] | None:
        """The id of the longest piece that begins at a place of a word, and where it ends."""
        for length in self._lengths.get(word[place : place + _NARROW], _SHORT):
            end = place + length
            if end <= len(word) and (id := self.vocabulary.ids.get(word[place:end])) is not None:
                return id, end
        return None

    def _piece_bytes(self, text: str, type: TokenType) -> bytes:
        return text.replace(SPACE_MARK, " ").encode() if type is TokenType.NORMAL else b""

    def _join(self, pieces: Sequence[bytes], *, exact: bool) -> bytes:
        return clean_spaces(b"".join(pieces))  # always: encoding makes words of all punctuation


_SHORT = tuple(range(_NARROW - 1, 0, -1))


def _piece_lengths(pieces: Iterable[str]) -> dict[str, tuple[int, ...]]:
    """The lengths of the pieces that begin with the same characters, the longest first.

    So a place in a word is tried for a handful of lengths, however long the longest piece is.
    TokenizerError for a vocabulary where that would be many, or much to compare.
    """
    lengths: dict[str, set[int]] = {}
    for piece in pieces:
        if len(piece) >= _NARROW:
            lengths.setdefault(piece[:_NARROW], {*_SHORT}).add(len(piece))
    for start, found in lengths.items():
        if len(found) > MAX_LENGTHS or max(found) > MAX_PIECE:
            raise TokenizerError(f"the pieces that begin with {start!r} are too long or too many")
    return {start: tuple(sorted(found, reverse=True)) for start, found in lengths.items()}


class _PlainCharacters(dict[int, str]):
    """What each character becomes, for str.translate: words end up with single blanks between."""

    def __init__(self, *, lowercase: bool, strips_accents: bool) -> None:
        self._lowercase, self._strips_accents = lowercase, strips_accents

    def __missing__(self, code: int) -> str:
        plain = self._plain(chr(code))
        if len(self) < CACHED_CHARACTERS:
            self[code] = plain
        return plain

    def _plain(self, character: str) -> str:
        """A letter without its accents, nothing, or a word of its own between blanks.

        As in llama.cpp a Korean syllable keeps only the first of its letters: vectors made by
        either are to be compared.
        """
        if self._strips_accents:
            character = normalize("NFD", character)[0]
        if character in _SPACES:
            return " "
        if _DROPPED.match(character) or (self._strips_accents and _MARK.match(character)):
            return ""
        lower = character.lower()[0] if self._lowercase else character
        stands_alone = _PUNCTUATION.match(character) or _is_ideograph(ord(character))
        return f" {lower} " if stands_alone else lower


def _is_ideograph(code: int) -> bool:
    return any(first <= code <= last for first, last in _IDEOGRAPHS)
