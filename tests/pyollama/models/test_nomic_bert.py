"""Nomic BERT: its vectors are llama.cpp's, and its positions only matter by their distance."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from exact_model import F64, ExactModel, attend
from llamacpp_oracle import LlamaCpp
from random_bert import BertShape, bert_vocabulary, write_random_bert

from pyollama.engine.encoder import Encoder, EncodeRequest, whole_texts
from pyollama.models.loader import Model
from pyollama.models.pooling import unit
from pyollama.tokenizer import load_tokenizer
from pyollama_formats.gguf import open_gguf

Load = Callable[[Path], Model]
SHAPE = BertShape("nomic-bert")
KEYS: dict[str, Any] = {"nomic-bert__rope__freq_base": 1000.0}
TEXTS = ["hello world", "why is the sky blue?", "", "hello " * 100]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write_random_bert(tmp_path / "nomic.gguf", SHAPE, **KEYS)


def standardized(x: F64) -> F64:
    """Rows of mean 0 and variance 1."""
    out: F64 = (x - x.mean(-1, keepdims=True)) / x.std(-1, keepdims=True)
    return out


class ExactNomicBert(ExactModel):
    """The forward pass once more, in float64."""

    def states(self, ids: Sequence[int]) -> F64:
        x = self.weights["token_embd.weight"][list(ids)] + self.weights["token_types.weight"][0]
        x = self._moved(x, "token_embd_norm")
        for layer in range(self._key("block_count")):
            blk = f"blk.{layer}."
            q, k, v = self._project(x, f"{blk}attn_qkv").reshape(len(x), 3, 4, -1).swapaxes(0, 1)
            everything = np.ones((len(x), len(x)), dtype=bool)
            heads = attend(self._rope(q), self._rope(k), v, everything).reshape(len(x), -1)
            attended = self._project(heads, f"{blk}attn_output")
            x = self._moved(x + attended, f"{blk}attn_output_norm")
            gate, up = self._project(x, f"{blk}ffn_gate"), self._project(x, f"{blk}ffn_up")
            down = self._project(gate / (1 + np.exp(-gate)) * up, f"{blk}ffn_down")
            x = self._moved(x + down, f"{blk}layer_output_norm")
        return x

    def _moved(self, x: F64, name: str) -> F64:
        scaled: F64 = standardized(x) * self.weights[f"{name}.weight"]
        return scaled + self.weights[f"{name}.bias"]


@pytest.mark.usefixtures("each_backend")
def test_rows_in_f32_are_those_of_a_float64_forward_pass(path: Path, load: Load) -> None:
    model, rng = load(path), np.random.default_rng(0)
    for n in (1, 33, 100):
        text = rng.integers(0, len(bert_vocabulary()), n).tolist()
        rows = model.states(whole_texts([text], model), model.new_cache_for_one_pass(4))
        np.testing.assert_allclose(rows, ExactNomicBert(path).states(text), atol=3e-5)


def test_the_vectors_have_any_length(path: Path, load: Load) -> None:
    model = load(path)
    assert model.pooling is not None
    assert not model.pooling.normalizes
    assert not model.causal


@pytest.mark.oracle
@pytest.mark.slow
def test_vectors_are_those_of_llama_cpp(path: Path, load: Load) -> None:
    model, oracle = load(path), LlamaCpp(path, n_ctx=128, embeds=True)
    with open_gguf(path) as file:
        tokenizer = load_tokenizer(file.metadata)
    encoder, request = Encoder(model, 128), EncodeRequest([tokenizer.encode(t) for t in TEXTS])
    encoder.add(request)
    encoder.step()
    for text, vector in zip(TEXTS, request.vectors, strict=True):
        assert float(unit(vector) @ oracle.embed(text)) > 0.99999
