"""Ollama's own Python client against the real server: what people's programs do with it."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import ollama
import pytest
from thread_server import thread_server

from pyollama_conformance.chain_model import SENTENCE, chain_model
from pyollama_conformance.embedding_model import embedding_model, vector

pytestmark = pytest.mark.slow
MODEL = "says-one-thing"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ollama.Client]:
    """A client of a server that holds one model, uploaded and created through the client."""
    folder = tmp_path_factory.mktemp("client")
    path = folder / "chain.gguf"
    path.write_bytes(chain_model())
    with thread_server(folder / "models") as url:
        client = ollama.Client(host=url)
        digest = client.create_blob(path)
        assert digest == "sha256:" + hashlib.sha256(path.read_bytes()).hexdigest()
        assert client.create(MODEL, files={"chain.gguf": digest}).status == "success"
        yield client
        client._client.close()


def test_list_tells_the_model(client: ollama.Client) -> None:
    (model,) = client.list().models
    assert model.model == f"{MODEL}:latest"
    assert model.details is not None
    assert (model.details.family, model.details.quantization_level) == ("llama", "F16")


def test_show_tells_what_the_model_is(client: ollama.Client) -> None:
    shown = client.show(MODEL)
    assert shown.capabilities == ["completion"]
    assert shown.modelinfo is not None
    assert shown.modelinfo["general.architecture"] == "llama"
    assert "im_start" in (shown.template or "")


def test_generate_answers(client: ollama.Client) -> None:
    answer = client.generate(MODEL, "What do you say?")
    assert (answer.response, answer.done_reason) == (SENTENCE, "stop")
    assert answer.eval_count
    assert answer.total_duration


def test_generate_streams(client: ollama.Client) -> None:
    parts = list(client.generate(MODEL, "Speak.", stream=True, options={"num_predict": 4}))
    assert len(parts) > 2
    assert SENTENCE.startswith("".join(part.response or "" for part in parts))
    assert [part.done for part in parts] == [False] * (len(parts) - 1) + [True]
    assert parts[-1].done_reason == "length"


def test_chat_streams(client: ollama.Client) -> None:
    messages = [{"role": "user", "content": "Speak."}]
    parts = list(client.chat(MODEL, messages, stream=True))
    assert "".join(part.message.content or "" for part in parts) == SENTENCE
    assert parts[-1].done


def test_ps_tells_the_loaded_model(client: ollama.Client) -> None:
    client.generate(MODEL, options={"num_ctx": 1024})
    (running,) = client.ps().models
    assert running.model == f"{MODEL}:latest"
    assert running.context_length == 1024
    assert running.expires_at is not None


def test_an_error_has_its_status_and_words(client: ollama.Client) -> None:
    with pytest.raises(ollama.ResponseError, match="model 'none' not found") as caught:
        client.chat("none", [{"role": "user", "content": "hi"}])
    assert caught.value.status_code == 404


def test_delete_removes_the_model(client: ollama.Client) -> None:
    (model,) = client.list().models
    client.create("short-lived", from_=MODEL)
    assert {m.model for m in client.list().models} == {model.model, "short-lived:latest"}
    assert client.delete("short-lived").status == "success"
    assert [m.model for m in client.list().models] == [model.model]
    with pytest.raises(ollama.ResponseError, match="not found"):
        client.delete("short-lived")


@pytest.fixture
def embedder(client: ollama.Client, tmp_path: Path) -> Iterator[str]:
    """The name of a model that makes embeddings, as long as a test lasts."""
    path = tmp_path / "embedding.gguf"
    path.write_bytes(embedding_model())
    client.create("embedder", files={path.name: client.create_blob(path)})
    yield "embedder"
    client.delete("embedder")


def test_embed_gives_a_vector_for_each_text(client: ollama.Client, embedder: str) -> None:
    answer = client.embed(embedder, ["hello world", "blue sky"])
    assert answer.embeddings == [vector("hello", "world"), vector("blue", "sky")]
    assert (answer.model, answer.prompt_eval_count) == (embedder, 8)
    cut = client.embed(embedder, "hello world", dimensions=4, truncate=False, keep_alive="1m")
    assert cut.embeddings == [[1, 0, 0, 0]]


def test_embeddings_gives_the_vector_of_a_prompt(client: ollama.Client, embedder: str) -> None:
    assert client.embeddings(embedder, "hello world").embedding == vector("hello", "world")


def test_a_text_model_makes_no_embeddings(client: ollama.Client) -> None:
    with pytest.raises(ollama.ResponseError, match="does not support embeddings") as caught:
        client.embed(MODEL, "hello")
    assert caught.value.status_code == 501
