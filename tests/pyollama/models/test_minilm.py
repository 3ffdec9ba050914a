"""A real model, all-MiniLM-L6-v2: its vectors are llama.cpp's, and like texts have like ones."""

from collections.abc import Callable, Iterator
from pathlib import Path

import minilm
import numpy as np
import pytest
from exact_bert import ExactBert
from llamacpp_oracle import LlamaCpp

from pyollama.engine import Encoder, EncodeRequest
from pyollama.models.loader import Model, load_model
from pyollama.tokenizer import Tokenizer, load_tokenizer
from pyollama_formats.blocks import GGMLType
from pyollama_formats.gguf import open_gguf
from pyollama_tensor.types import F32

pytestmark = [pytest.mark.slow, pytest.mark.oracle]

WriteMiniLM = Callable[[GGMLType], Path]
SENTENCES = [
    "A man is eating food.",
    "A man eats a piece of bread.",
    "The stock market fell sharply on Monday.",
    "Ein Mann isst Brot; 一个人在吃面包。",
    "caf\u00e9, na\u00efve & co\u00f6perate — O(n log n) 😀",
    "",
    "hello " * 300,
]


@pytest.fixture(scope="module")
def write(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WriteMiniLM]:
    """Writes the model in one format."""
    folder = tmp_path_factory.mktemp("minilm")
    yield lambda type: minilm.write_minilm(folder / f"{type.name}.gguf", type)


def opened(path: Path) -> tuple[Model, Tokenizer]:
    with open_gguf(path) as file:
        return load_model(file), load_tokenizer(file.metadata)


def embedded(model: Model, texts: list[list[int]]) -> list[F32]:
    encoder, request = Encoder(model, 512), EncodeRequest(texts)
    encoder.add(request)
    while encoder.busy:
        encoder.step()
    return request.vectors


@pytest.mark.parametrize("type", [GGMLType.F32, GGMLType.F16], ids=lambda type: type.name)
def test_vectors_are_those_of_llama_cpp(type: GGMLType, write: WriteMiniLM) -> None:
    path = write(type)
    model, tokenizer = opened(path)
    oracle = LlamaCpp(path, embeds=True)
    vectors = embedded(model, [tokenizer.encode(text) for text in SENTENCES])
    likeness = [float(v @ oracle.embed(t)) for v, t in zip(vectors, SENTENCES, strict=True)]
    print(type.name, [f"{1 - cosine:.1e}" for cosine in likeness])
    assert min(likeness) > 0.99999


def test_quantized_vectors_are_no_less_exact_than_in_llama_cpp(write: WriteMiniLM) -> None:
    path = write(GGMLType.Q8_0)
    model, tokenizer = opened(path)
    oracle, exact = LlamaCpp(path, embeds=True), ExactBert(path)
    texts = [tokenizer.encode(text) for text in SENTENCES]
    right = np.stack([exact.embed(text) for text in texts])
    ours = np.abs(np.stack(embedded(model, texts)) - right).mean()
    theirs = np.abs(np.stack([oracle.embed(text) for text in SENTENCES]) - right).mean()
    print(f"Q8_0: {ours:.2e}, llama.cpp {theirs:.2e}")
    assert ours <= 1.2 * theirs


def test_vectors_in_f32_are_those_of_a_float64_forward_pass(write: WriteMiniLM) -> None:
    path = write(GGMLType.F32)
    model, tokenizer = opened(path)
    exact = ExactBert(path)
    texts = [tokenizer.encode(text) for text in SENTENCES]
    for text, vector in zip(texts, embedded(model, texts), strict=True):
        np.testing.assert_allclose(vector, exact.embed(text), atol=3e-6)


def test_like_sentences_have_like_vectors(write: WriteMiniLM) -> None:
    model, tokenizer = opened(write(GGMLType.Q8_0))
    one, like, other, *_ = embedded(model, [tokenizer.encode(text) for text in SENTENCES])
    assert float(one @ like) > 0.7
    assert float(one @ other) < 0.1
