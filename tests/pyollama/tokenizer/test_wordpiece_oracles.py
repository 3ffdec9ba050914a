"""WordPiece beside llama.cpp on every character, and beside Hugging Face on a real vocabulary."""

import sys
import unicodedata
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import minilm
import pytest

from pyollama.tokenizer import load_tokenizer
from tests.pyollama.tokenizer.oracle import LlamaVocab, write_model
from tests.pyollama.tokenizer.vocabularies import CORPUS, varied_texts

pytestmark = [pytest.mark.slow, pytest.mark.oracle]

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
LINES = CORPUS.splitlines()
HANGUL = range(0xAC00, 0xD7A4)  # syllables
CASES: list[dict[str, bool]] = [
    {},
    {"lowercase": False},
    {"strip_accents": False},
    {"lowercase": False, "strip_accents": True},
]


def assigned() -> Iterable[str]:
    """The characters that Unicode had when this Python was made."""
    characters = (chr(code) for code in range(sys.maxunicode + 1))
    return (c for c in characters if unicodedata.category(c) not in ("Cn", "Co", "Cs"))


def metadata(tokens: list[str], **more: Any) -> dict[str, Any]:
    ids = {"unknown": 1, "seperator": 3, "padding": 0, "mask": 4, "bos": 2, "eos": 3}
    return {
        "tokenizer.ggml.model": "bert",
        "tokenizer.ggml.tokens": tokens,
        "tokenizer.ggml.token_type": [3 if token in SPECIAL else 1 for token in tokens],
        **{f"tokenizer.ggml.{name}_token_id": id for name, id in ids.items()},
        **{f"tokenizer.ggml.normalizer.{name}": value for name, value in more.items()},
    }


@pytest.mark.parametrize("normalizer", CASES, ids=str)
def test_every_character_becomes_what_it_becomes_in_llama_cpp(
    normalizer: dict[str, bool], tmp_path: Path
) -> None:
    letters = [c for c in assigned() if not c.isspace() and c not in "\0▁"]
    keys = metadata([*SPECIAL, *(f"▁{c}" for c in letters), *letters], **normalizer)
    write_model(tmp_path / "vocabulary.gguf", keys)
    theirs, ours = LlamaVocab(tmp_path / "vocabulary.gguf"), load_tokenizer(keys)
    texts = [f"a{c}b" for c in assigned() if c != "\0"]
    different = [text for text in texts if ours.encode(text) != theirs.encode(text)]
    theirs.close()
    assert different == []


def mangled(text: str) -> list[str]:
    """A text as it is, in capitals, squeezed together, and cut at odd places."""
    return [text, text.upper(), text.replace(" ", ""), text[::3], text[5:17]]


def test_texts_become_the_tokens_of_llama_cpp(tmp_path: Path) -> None:
    keys = minilm.metadata()
    keys = {key: value for key, value in keys.items() if key.startswith("tokenizer.")}
    write_model(tmp_path / "vocabulary.gguf", keys)
    theirs, ours = LlamaVocab(tmp_path / "vocabulary.gguf"), load_tokenizer(keys)
    for text in [some for line in (*LINES, *varied_texts(2000)) for some in mangled(line)]:
        for parse in (True, False):
            ids = ours.encode(text, parse_special=parse)
            assert ids == theirs.encode(text, parse_special=parse), (text, parse)
            assert ours.decode(ids).encode() == theirs.decode(ids), text
    theirs.close()


def is_alike(character: str) -> bool:
    """Whether llama.cpp reads a character as BERT's makers do.

    It keeps only the first letter of a Korean syllable, and strips marks that take up space too.
    """
    return ord(character) not in HANGUL and unicodedata.category(character) != "Mc"


def test_texts_become_the_tokens_of_hugging_face() -> None:
    tokenizers = pytest.importorskip("tokenizers", reason="needs the extra [train]")
    theirs = tokenizers.Tokenizer.from_file(str(minilm.folder() / "tokenizer.json"))
    theirs.no_truncation()
    theirs.no_padding()
    ours = load_tokenizer(minilm.metadata())
    for text in [some for line in LINES for some in mangled(line)]:
        known = "".join(filter(is_alike, text))
        assert ours.encode(known) == theirs.encode(known).ids, text
