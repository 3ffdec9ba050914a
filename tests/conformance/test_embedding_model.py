"""The suite's embedding model: its numbers are what the suite says, here and in llama.cpp."""

from pathlib import Path

import numpy as np
import pytest
from llamacpp_oracle import LlamaCpp

from pyollama.engine import Encoder, EncodeRequest
from pyollama.models.loader import load_model
from pyollama.tokenizer import load_tokenizer
from pyollama_conformance.case import definitions
from pyollama_conformance.embedding_model import N_EMBD, embedding_model, vector
from pyollama_formats.gguf.reader import open_gguf

PAIRS = [("hello", "world"), ("blue", "sky")]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "embedding.gguf"
    path.write_bytes(embedding_model())
    return path


def test_the_file_is_the_same_every_time() -> None:
    assert embedding_model() == embedding_model()


def test_vectors_have_length_one_and_are_exact() -> None:
    for words in PAIRS:
        assert sum(value * value for value in vector(*words)) == 1.0
        assert {abs(value) for value in vector(*words)} <= {0.0, 0.125, 0.25}
    assert vector(*PAIRS[0]) != vector(*PAIRS[1])


def test_the_cases_know_the_vector() -> None:
    assert definitions()["hello_world"]["const"] == vector("hello", "world")


@pytest.mark.parametrize("words", PAIRS, ids=" ".join)
def test_this_project_computes_the_vector_to_the_last_bit(
    path: Path, words: tuple[str, str]
) -> None:
    with open_gguf(path) as file:
        model, tokenizer = load_model(file), load_tokenizer(file.metadata)
    encoder, request = Encoder(model, 64), EncodeRequest([tokenizer.encode(" ".join(words))])
    encoder.add(request)
    encoder.step()
    np.testing.assert_array_equal(request.vectors[0], vector(*words))
    assert request.vectors[0].shape == (N_EMBD,)


@pytest.mark.oracle
@pytest.mark.slow
def test_so_does_llama_cpp(path: Path) -> None:
    oracle = LlamaCpp(path, n_ctx=64, embeds=True)
    for words in PAIRS:
        np.testing.assert_array_equal(oracle.embed(" ".join(words)), vector(*words))
