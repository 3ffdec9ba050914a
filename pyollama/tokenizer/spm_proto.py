"""A SentencePiece model, written by hand from a GGUF's arrays in protocol buffer wire format.

The message and field numbers are those of sentencepiece_model.proto: ModelProto.pieces = 1
(piece = 1, score = 2, type = 3), trainer_spec = 2 (model_type = 3), normalizer_spec = 3.

The library is stricter than llama.cpp, which merges any two pieces whose concatenation is a token,
whatever that token's type. So every token is declared normal, and the one unknown piece that the
library insists on is added behind the vocabulary. Pieces that it refuses (of equal texts all but
the last) are replaced by unused placeholders, so that a piece's number stays the token's id.
"""

import struct
from functools import lru_cache

from pyollama.tokenizer.vocabulary import TokenType, Vocabulary

_BPE = 2  # TrainerSpec.ModelType


def model_proto(vocabulary: Vocabulary) -> bytes:
    """A serialized ModelProto whose piece i is token i; piece `len(vocabulary)` is the unknown."""
    counting = {*vocabulary.ids.numbers()}
    pieces = [
        _piece(text, score, TokenType.NORMAL)
        if id in counting and "\0" not in text
        else _piece(_fresh(f"<unused {id}>", vocabulary), 0.0, TokenType.UNUSED)
        for id, (text, score) in enumerate(zip(vocabulary.tokens, vocabulary.scores, strict=True))
    ]
    pieces.append(_piece(_fresh("<unknown piece>", vocabulary), 0.0, TokenType.UNKNOWN))
    trainer = _number(3, _BPE)
    # No dummy prefix, no collapsing of spaces, no space marks: the caller writes these itself.
    normalizer = _bytes(1, b"identity") + _number(3, 0) + _number(4, 0) + _number(5, 0)
    return b"".join([*pieces, _bytes(2, trainer), _bytes(3, normalizer)])


def _fresh(text: str, vocabulary: Vocabulary) -> str:
    """The text, lengthened until no token has it; its space keeps it from ever being found."""
    while text in vocabulary.ids:
        text += ">"
    return text


def _piece(text: str, score: float, type: TokenType) -> bytes:
    return _bytes(1, _bytes(1, text.encode()) + _float(2, score) + _number(3, type))


# A field is its number and wire type in one varint, then the value: 0 varint, 2 bytes, 5 float32.


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3 | 0) + _varint(value)


def _bytes(field: int, value: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(value)) + value


def _float(field: int, value: float) -> bytes:
    return _varint(field << 3 | 5) + struct.pack("<f", value)


@lru_cache
def _varint(value: int) -> bytes:
    """Seven bits per byte, the lowest first; the high bit says that more follow."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
