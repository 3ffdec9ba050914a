from pathlib import Path

import pytest

from pyollama_conformance.chain_model import N_EMBD, SENTENCE, chain, chain_model, vocabulary
from pyollama_formats.gguf.reader import open_gguf


def test_the_file_is_the_same_every_time() -> None:
    assert chain_model() == chain_model()


def test_there_is_a_code_for_every_token_of_the_sentence() -> None:
    ids = chain(vocabulary())
    assert len(set(ids)) == len(ids) < N_EMBD


def test_the_reader_of_this_project_takes_it(tmp_path: Path) -> None:
    path = tmp_path / "chain.gguf"
    path.write_bytes(chain_model())
    with open_gguf(path) as file:
        assert file.metadata["general.architecture"] == "llama"
        assert file.metadata["llama.embedding_length"] == N_EMBD
        assert file.tensors["token_embd.weight"].shape == (len(vocabulary()), N_EMBD)


def test_the_endless_model_differs_in_what_follows_the_last_token() -> None:
    one, other = chain_model(), chain_model(endless=True)
    assert len(one) == len(other)
    assert one != other


@pytest.mark.oracle
@pytest.mark.slow
def test_llama_cpp_says_the_sentence_without_end(tmp_path: Path) -> None:
    xllamacpp = pytest.importorskip("xllamacpp", reason="xllamacpp has no wheel for this platform")
    (tmp_path / "endless.gguf").write_bytes(chain_model(endless=True))
    params = xllamacpp.CommonParams()
    params.model.path = str(tmp_path / "endless.gguf")
    params.n_ctx, params.n_parallel, params.port, params.verbosity = 256, 1, 0, -1
    n_token = 2 * len(chain(vocabulary()))
    request = {"prompt": "What do you say?", "max_tokens": n_token, "temperature": 2.0}
    answer = xllamacpp.Server(params).handle_completions(request)
    assert answer["choices"][0]["text"] == SENTENCE * 2
    assert answer["choices"][0]["finish_reason"] == "length"


@pytest.mark.oracle
@pytest.mark.slow
def test_llama_cpp_says_the_sentence(tmp_path: Path) -> None:
    xllamacpp = pytest.importorskip("xllamacpp", reason="xllamacpp has no wheel for this platform")
    (tmp_path / "chain.gguf").write_bytes(chain_model())
    params = xllamacpp.CommonParams()
    params.model.path = str(tmp_path / "chain.gguf")
    params.n_ctx, params.n_parallel, params.port, params.verbosity = 256, 1, 0, -1
    request = {"prompt": "What do you say?", "max_tokens": 64, "temperature": 2.0}
    answer = xllamacpp.Server(params).handle_completions(request)
    assert answer["choices"][0]["text"] == SENTENCE
    assert answer["choices"][0]["finish_reason"] == "stop"
