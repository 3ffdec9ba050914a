"""What a tokenizer makes of the keys of a GGUF file: ids, defaults, flags, and bad input."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pyollama.errors import PyollamaError
from pyollama.tokenizer import TokenizerError, load_tokenizer
from pyollama_formats.gguf.reader import open_gguf
from tests.pyollama.tokenizer.oracle import write_model
from tests.pyollama.tokenizer.vocabularies import (
    CONTROL,
    NORMAL,
    byte_level_metadata,
    sentencepiece_metadata,
)

SMALL: dict[str, Any] = {
    "tokenizer.ggml.model": "gpt2",
    "tokenizer.ggml.tokens": ["a", "b", "ab", "<e>"],
    "tokenizer.ggml.token_type": [NORMAL, NORMAL, NORMAL, CONTROL],
    "tokenizer.ggml.merges": ["a b"],
}


def small(**keys: Any) -> dict[str, Any]:
    return SMALL | {f"tokenizer.ggml.{key}": value for key, value in keys.items()}


class LazyList:
    """An array that is read when asked for, as the GGUF reader has them."""

    def __init__(self, items: list[Any]) -> None:
        self._items = items

    def __len__(self) -> int:
        return len(self._items)

    def tolist(self) -> list[Any]:
        return [*self._items]


@pytest.mark.parametrize("metadata", [byte_level_metadata(), sentencepiece_metadata()])
def test_lazy_arrays_and_lists_give_the_same_tokenizer(metadata: dict[str, Any]) -> None:
    lazy = {
        key: LazyList(value) if isinstance(value, list) else value
        for key, value in metadata.items()
    }
    text = "Hello wörld\n\n\n<|tool|> 12345"
    assert load_tokenizer(lazy).encode(text) == load_tokenizer(metadata).encode(text)


def test_a_file_gives_the_tokenizer_that_was_written(tmp_path: Path) -> None:
    metadata = sentencepiece_metadata()
    write_model(tmp_path / "model.gguf", metadata)
    with open_gguf(tmp_path / "model.gguf") as file:
        read = load_tokenizer(file.metadata)
    assert read.vocabulary == load_tokenizer(metadata).vocabulary
    assert read.decode(read.encode("Hello wörld", add_special=False)) == "Hello wörld"


def test_numpy_arrays_will_do_for_numbers() -> None:
    types = np.array(SMALL["tokenizer.ggml.token_type"], np.int32)
    assert load_tokenizer(small(token_type=types)).encode("ab<e>") == [2, 3]


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"model": "rwkv"}, "unknown tokenizer: 'rwkv'"),
        ({"model": ""}, "unknown tokenizer: ''"),
        ({"pre": "no-such"}, "unknown pre-tokenizer type: 'no-such'"),
        ({"tokens": []}, "tokenizer.ggml.tokens is missing"),
        ({"tokens": [1, 2]}, "tokenizer.ggml.tokens is not an array of the right type"),
        ({"tokens": "abc"}, "tokenizer.ggml.tokens is not an array of the right type"),
        ({"token_type": [1]}, "tokenizer.ggml.token_type has 1 entries for 4 tokens"),
        ({"scores": [1.0] * 5}, "tokenizer.ggml.scores has 5 entries for 4 tokens"),
        ({"scores": [float("nan")] * 4}, "no 32-bit number"),
        ({"scores": [1e39] * 4}, "no 32-bit number"),
        ({"merges": None}, "cannot find tokenizer merges in model file"),
        ({"merges": [1]}, "tokenizer.ggml.merges is not an array of the right type"),
    ],
)
def test_bad_keys_have_clear_errors(keys: dict[str, Any], message: str) -> None:
    metadata = {key: value for key, value in small(**keys).items() if value is not None}
    with pytest.raises(TokenizerError, match=message) as error:
        load_tokenizer(metadata)
    assert isinstance(error.value, PyollamaError)


def test_kimi_needs_no_merges() -> None:
    metadata = small(pre="kimi-k2")
    del metadata["tokenizer.ggml.merges"]
    assert load_tokenizer(metadata).encode("ab") == [0, 1]


def test_ids_outside_the_vocabulary_are_ignored() -> None:
    tokenizer = load_tokenizer(
        small(bos_token_id=4, eos_token_id=2**32 - 1, eos_token_ids=[3, 99], suppress_tokens=[1, 9])
    )
    assert (tokenizer.bos, tokenizer.eos) == (None, None)  # the default, 11, is outside too
    assert tokenizer.eog == {3}
    assert tokenizer.suppressed == {1}


def test_without_bos_none_is_added() -> None:
    assert load_tokenizer(small(add_bos_token=True)).encode("ab") == [2]


def test_missing_types_are_normal_and_unknown_types_are_silent() -> None:
    metadata = small(token_type=[NORMAL, 77, NORMAL, CONTROL])
    assert load_tokenizer(metadata).piece(1) == b""
    del metadata["tokenizer.ggml.token_type"]
    assert load_tokenizer(metadata).piece(1) == b"b"


def test_a_token_without_text_gets_a_name() -> None:
    assert load_tokenizer(small(tokens=["a", "", "ab", "<e>"])).token(1) == "[EMPTY_1]"


def test_half_of_a_surrogate_pair_is_read_as_a_replacement_character() -> None:
    tokenizer = load_tokenizer(sentencepiece_metadata())
    assert tokenizer.encode("a\ud800b") == tokenizer.encode("a\ufffdb")


@pytest.mark.parametrize(
    ("keys", "texts"),
    [
        ({"pre": "jina-v2-code"}, ["a  <mask> b", "a\n<e> b"]),
        ({"model": "llama"}, ["a <e>  b", "a <mask> b"]),
    ],
)
def test_other_special_tokens_leave_spaces_alone(keys: dict[str, Any], texts: list[str]) -> None:
    metadata = small(tokens=["a", " ", "<mask>", "<e>"], token_type=[1, 1, 3, 3], **keys)
    ids = [load_tokenizer(metadata).encode(text, add_special=False) for text in texts]
    assert all(len(i) > 1 for i in ids)
