"""The shipped file: small enough, complete, and with the template that it was trained with."""

import subprocess
import sys

import pytest

from pyollama.tiny import tiny_path
from pyollama.tiny.rendering import SPECIAL_TOKENS, USER_TOKENS, chat_template
from pyollama_formats.blocks import GGMLType
from pyollama_formats.gguf.reader import open_gguf

KEYS = (
    "general.name",
    "general.file_type",
    "llama.context_length",
    "llama.embedding_length",
    "llama.block_count",
    "llama.feed_forward_length",
    "llama.attention.head_count",
    "llama.attention.head_count_kv",
    "llama.attention.layer_norm_rms_epsilon",
    "llama.rope.freq_base",
    "llama.rope.dimension_count",
    "llama.vocab_size",
    "tokenizer.ggml.merges",
    "tokenizer.ggml.eos_token_id",
    "tokenizer.ggml.bos_token_id",
    "tokenizer.ggml.padding_token_id",
)


def test_the_file_has_at_most_eight_megabytes() -> None:
    with tiny_path() as path:
        assert path.stat().st_size <= 8_000_000


@pytest.mark.parametrize("key", KEYS)
def test_the_file_has_the_key(key: str) -> None:
    with tiny_path() as path, open_gguf(path) as file:
        assert key in file.metadata


def test_the_file_is_a_quantized_llama_with_a_tied_output() -> None:
    with tiny_path() as path, open_gguf(path) as file:
        assert file.metadata["general.architecture"] == "llama"
        assert "output.weight" not in file.tensors
        for name, tensor in file.tensors.items():
            wanted = GGMLType.F32 if name.endswith("norm.weight") else GGMLType.Q8_0
            assert tensor.type == wanted, name
            assert tensor.dims[0] % 256 == 0 or wanted == GGMLType.F32


def test_the_file_carries_the_template_of_the_training() -> None:
    with tiny_path() as path, open_gguf(path) as file:
        assert file.metadata["tokenizer.chat_template"] == chat_template()


def test_the_special_tokens_have_their_types() -> None:
    with tiny_path() as path, open_gguf(path) as file:
        tokens = file.metadata["tokenizer.ggml.tokens"].tolist()  # type: ignore[union-attr]
        kinds = file.metadata["tokenizer.ggml.token_type"].tolist()  # type: ignore[union-attr]
    types = dict(zip(tokens, kinds, strict=True))
    assert {types[token] for token in SPECIAL_TOKENS} == {3}
    assert {types[token] for token in USER_TOKENS} == {4}
    assert tokens.index("<|im_end|>") == file.metadata["tokenizer.ggml.eos_token_id"]


@pytest.mark.slow
def test_importing_the_package_imports_no_training_code() -> None:
    code = "import sys, pyollama.tiny; print('torch' in sys.modules, 'jinja2' in sys.modules)"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.split() == ["False", "False"]
