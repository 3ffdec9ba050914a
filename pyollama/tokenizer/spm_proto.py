"""A SentencePiece model, written by hand from a GGUF's arrays in protocol buffer wire format.

The message and field numbers are those of sentencepiece_model.proto: ModelProto.pieces = 1
(piece = 1, score = 2, type = 3), trainer_spec = 2 (model_type = 3), normalizer_spec = 3.

The library is stricter than llama.cpp, which merges any two pieces whose concatenation is a token,
whatever that token's type. So every token is declared normal, and the one unknown piece that the
library insists on is added behind the vocabulary. Pieces that it refuses (of equal texts all but
the last) are replaced by unused placeholders, so that a piece's number stays the token's id.
"""

import struct
from collections.abc import Iterable, Mapping

from pyollama.tokenizer.vocabulary import TokenType, Vocabulary

_VARINT, _BYTES, _FLOAT = 0, 2, 5  # wire types
_BPE = 2  # TrainerSpec.ModelType

Value = int | float | bytes


def model_proto(vocabulary: Vocabulary) -> bytes:
    """A serialized ModelProto whose piece i is token i; piece `len(vocabulary)` is the unknown."""
    taken = set(vocabulary.ids)
    pieces = [
        _piece(text, score, TokenType.NORMAL)
        if vocabulary.ids[text] == id and "\0" not in text
        else _piece(_fresh(f"\U0010ffff<unused {id}>", taken), 0.0, TokenType.UNUSED)
        for id, (text, score) in enumerate(zip(vocabulary.tokens, vocabulary.scores, strict=True))
    ]
    pieces.append(_piece(_fresh("\U0010ffff<unknown>", taken), 0.0, TokenType.UNKNOWN))
    trainer = _message({3: _BPE})
    # No dummy prefix, no collapsing of spaces, no space marks: the caller writes these itself.
    normalizer = _message({1: b"identity", 3: 0, 4: 0, 5: 0})
    return b"".join(_field(1, piece) for piece in pieces) + _message({2: trainer, 3: normalizer})


def _piece(text: str, score: float, type: TokenType) -> bytes:
    return _message({1: text.encode(), 2: score, 3: int(type)})


def _fresh(text: str, taken: Iterable[str]) -> str:
    """The text, lengthened until no token has it."""
    while text in taken:
        text += ">"
    return text


def _message(fields: Mapping[int, Value]) -> bytes:
    return b"".join(_field(number, value) for number, value in fields.items())


def _field(number: int, value: Value) -> bytes:
    if isinstance(value, bytes):
        return _varint(number << 3 | _BYTES) + _varint(len(value)) + value
    if isinstance(value, float):
        return _varint(number << 3 | _FLOAT) + struct.pack("<f", value)
    return _varint(number << 3 | _VARINT) + _varint(value)


def _varint(value: int) -> bytes:
    """Seven bits per byte, the lowest first; the high bit says that more follow."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
