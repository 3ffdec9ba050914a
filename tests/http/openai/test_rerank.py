"""/v1/rerank: the form of Jina, Cohere and llama.cpp, and mistakes in OpenAI's envelope."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import served
from random_bert import BertShape, write_random_bert
from starlette.testclient import TestClient

from pyollama.settings import Settings
from pyollama.store import Store
from pyollama_http.app import create_app
from pyollama_http.openai.rerank import NO_QUERY, NO_TEXTS

URL = "/v1/rerank"
QUERY = "why is the sky blue?"
DOCUMENTS = ["hello world", "the sky is blue", "<blue>"]


@pytest.fixture(scope="module")
def stocked(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """The text model small, the embedding model e, and r, which ranks."""
    folder = tmp_path_factory.mktemp("rank")
    store = served.new_store(folder)
    shapes = {"e": BertShape(n_layer=1), "r": BertShape(n_layer=1, pooling_type=4, n_label=1)}
    for name, shape in shapes.items():
        path = write_random_bert(folder / f"{name}.gguf", shape)
        served.add_model(store, name, path.read_bytes())
    return store


@pytest.fixture(scope="module")
def ranking(stocked: Store) -> Iterator[TestClient]:
    settings = Settings(models=stocked.root)
    with TestClient(create_app(settings), base_url="http://127.0.0.1:11434") as client:
        yield client


def rerank(client: TestClient, **fields: Any) -> Any:
    """The answer to a request of the model r."""
    body = {"model": "r", "query": QUERY, "documents": DOCUMENTS, **fields}
    return client.post(URL, json=body)


def test_an_answer_byte_for_byte(ranking: TestClient) -> None:
    answer = rerank(ranking)
    assert answer.headers["content-type"] == "application/json"
    result = r'\{"index":[0-2],"relevance_score":-?\d\.\d+(?:e-\d+)?\}'
    usage = r'"usage":\{"prompt_tokens":36,"total_tokens":36\}'
    results = rf'"results":\[{result},{result},{result}\]'
    assert re.fullmatch(rf'\{{"model":"r","object":"list",{usage},{results}\}}\n', answer.text)
    scores = [result["relevance_score"] for result in answer.json()["results"]]
    assert scores == sorted(scores, reverse=True)


def test_documents_come_back_if_that_is_wanted(ranking: TestClient) -> None:
    results = rerank(ranking, return_documents=True, top_n=2).json()["results"]
    assert len(results) == 2
    for result in results:
        assert list(result) == ["index", "relevance_score", "document"]
        assert result["document"] == {"text": DOCUMENTS[result["index"]]}


def test_documents_may_be_objects(ranking: TestClient) -> None:
    objects = [{"text": text, "title": 5} for text in DOCUMENTS]
    assert rerank(ranking, documents=objects).json() == rerank(ranking).json()
    assert rerank(ranking, documents=[*objects[:1], *DOCUMENTS[1:]]).text == rerank(ranking).text


def test_options_and_keep_alive_are_those_of_the_native_api(ranking: TestClient) -> None:
    options = {"num_ctx": 16}
    answer = rerank(ranking, documents=["hello " * 30], options=options)
    assert answer.json()["usage"]["prompt_tokens"] == 16
    assert rerank(ranking, keep_alive=0).status_code == 200
    assert ranking.get("/api/ps").json() == {"models": []}


@pytest.mark.parametrize(
    ("fields", "status", "message"),
    [
        ({"query": None}, 400, NO_QUERY),
        ({"query": 5}, 400, "Go struct field RerankRequest.query of type string"),
        ({"documents": None}, 400, NO_TEXTS),
        ({"documents": []}, 400, NO_TEXTS),
        ({"documents": "hello"}, 400, NO_TEXTS),
        ({"documents": ["hello", 5]}, 400, NO_TEXTS),
        ({"documents": [{"title": "hello"}]}, 400, NO_TEXTS),
        ({"documents": [{"text": None}]}, 400, NO_TEXTS),
        ({"documents": [""] * 10_001}, 400, "more than 10000 documents"),
        ({"top_n": 0}, 400, "top_n must be at least 1"),
        ({"top_n": "2"}, 400, "Go struct field RerankRequest.top_n of type int"),
        ({"options": []}, 400, "options must be an object"),
        ({"keep_alive": "soon"}, 400, 'time: invalid duration "soon"'),
        ({"model": ""}, 404, "model '' not found"),
        ({"model": "none"}, 404, 'model "none" not found, try pulling it first'),
        ({"model": "small"}, 400, '"small" does not support rerank'),
        ({"model": "e"}, 400, '"e" does not support rerank'),
        ({"documents": ["hello " * 200], "truncate": False}, 400, "exceeds the context length"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_mistakes_have_the_envelope_of_openai(
    ranking: TestClient, fields: dict[str, Any], status: int, message: str
) -> None:
    answer = rerank(ranking, **fields)
    error = answer.json()["error"]
    assert answer.status_code == status
    assert message in error["message"]
    type = {400: "invalid_request_error", 404: "not_found_error"}[status]
    assert (error["type"], error["param"], error["code"]) == (type, None, None)


def test_a_body_that_is_no_object_is_refused(ranking: TestClient) -> None:
    for body in (b"", b"[]", b"{", b"null"):
        assert ranking.post(URL, content=body).status_code == 400


def test_a_cloud_model_is_refused_in_ollamas_own_form(ranking: TestClient) -> None:
    answer = rerank(ranking, model="r:cloud")
    assert answer.status_code == 403
    assert answer.json() == {"error": "ollama cloud is disabled: remote model is unavailable"}


def test_embeddings_are_not_made_by_a_model_that_ranks(ranking: TestClient) -> None:
    answer = ranking.post("/v1/embeddings", json={"model": "r", "input": "hello"})
    assert answer.status_code == 400
    assert "makes no embeddings" in answer.json()["error"]["message"]
    assert ranking.post("/api/embed", json={"model": "r", "input": "hello"}).status_code == 400


def test_it_is_shown_as_ollama_shows_it(ranking: TestClient) -> None:
    assert ranking.post("/api/show", json={"model": "r"}).json()["capabilities"] == ["embedding"]


def test_where_the_server_is_strictly_like_ollama_there_is_no_such_path(
    strict: TestClient,
) -> None:
    answer = rerank(strict)
    assert (answer.status_code, answer.text) == (404, "404 page not found")
