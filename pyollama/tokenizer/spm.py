"""SentencePiece vocabularies (`tokenizer.ggml.model` = llama): byte-pair merging by score.

Papers: arXiv:1808.06226 (SentencePiece), 1508.07909 (byte-pair encoding). Spaces are written as
▁ (U+2581). Characters that no token holds are spelled in byte tokens, `<0x00>` to `<0xFF>`.
"""

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

from pyollama.tokenizer.base import Tokenizer
from pyollama.tokenizer.byte_tokens import SPACE_MARK, byte_name, byte_value
from pyollama.tokenizer.metadata import Metadata, flag
from pyollama.tokenizer.slices import SLICE
from pyollama.tokenizer.special import SpecialTokens
from pyollama.tokenizer.splitter import Splitter
from pyollama.tokenizer.spm_proto import model_proto
from pyollama.tokenizer.vocabulary import TokenType, Vocabulary


class SentencePieceTokenizer(Tokenizer):
    """Merges characters to pieces, the highest score first and of equal scores the leftmost."""

    def __init__(
        self,
        metadata: Metadata,
        vocabulary: Vocabulary,
        special: SpecialTokens,
        splitter: Splitter,
    ) -> None:
        super().__init__(
            vocabulary,
            special,
            splitter,
            add_bos=flag(metadata, "add_bos_token", True),
            add_eos=flag(metadata, "add_eos_token", False),
        )
        self._add_space_prefix = flag(metadata, "add_space_prefix", True)
        self._bytes = _byte_tokens(vocabulary)
        self._model = _processor(model_proto(vocabulary))

    def _encode_plain(self, text: str, *, after_special: bool) -> Iterator[Sequence[int]]:
        prefix = " " if self._add_space_prefix and after_special else ""
        marked = (prefix + text).replace(" ", SPACE_MARK)
        for part in self._parts(marked):
            ids: list[int] = self._model.EncodeAsIds(part)
            yield ids if self.n_vocab not in ids else self._spell_unknown(part, ids)

    def _parts(self, marked: str) -> Iterator[str]:
        """A text cut where no merge can reach across, into slices or what is not much longer."""
        start, end = 0, SLICE
        while end < len(marked):
            if marked[end - 1 : end + 1] in self._neighbours:
                end += 1
                continue
            yield marked[start:end]
            start, end = end, end + SLICE
        yield marked[start:]

    @cached_property
    def _neighbours(self) -> frozenset[str]:
        """All pairs of characters that stand side by side in some token."""
        tokens = self.vocabulary.tokens
        return frozenset(token[i : i + 2] for token in tokens for i in range(len(token) - 1))

    def _spell_unknown(self, marked: str, ids: list[int]) -> list[int]:
        """Replace the unknown piece by the byte tokens of the characters it stands for."""
        out: list[int] = []
        for id, surface in zip(ids, self._model.EncodeAsPieces(marked), strict=True):
            if id == self.n_vocab:
                out += [token for byte in surface.encode() for token in self._bytes[byte]]
            else:
                out.append(id)
        return out

    def _piece_bytes(self, text: str, type: TokenType) -> bytes:
        if type is TokenType.BYTE:
            return byte_value(text)
        return text.replace(SPACE_MARK, " ").encode() if type is TokenType.NORMAL else b""

    def _join(self, pieces: Sequence[bytes], *, exact: bool) -> bytes:
        """A text does not begin with the space that encoding put before it."""
        if self._add_space_prefix and pieces:
            return pieces[0].removeprefix(b" ") + b"".join(pieces[1:])
        return b"".join(pieces)


def _processor(model: bytes) -> Any:
    """The library with a model; imported here, for most models do without it."""
    from sentencepiece import SentencePieceProcessor

    processor = SentencePieceProcessor()
    processor.LoadFromSerializedProto(model)
    return processor


def _byte_tokens(vocabulary: Vocabulary) -> list[list[int]]:
    """The token of each byte; without one an unknown token stands for it, or nothing, (256, 0–1).

    llama.cpp loads such a vocabulary too, and fails when it meets the byte.
    """
    unknown = [*vocabulary.ids_of_types([TokenType.UNKNOWN])][:1]
    named = (
        vocabulary.first([byte_name(byte), *([chr(byte)] if byte < 0x80 else [])])
        for byte in range(256)
    )
    return [unknown if id is None else [id] for id in named]
