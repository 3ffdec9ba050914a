"""/api/tokenize and /api/detokenize through the application: bytes, mistakes, routes."""

from collections.abc import Iterator
from typing import Any

import pytest
import served
from starlette.testclient import TestClient

from pyollama.settings import Settings
from pyollama_http.app import create_app


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A server with the models small and other."""
    store = served.new_store(tmp_path_factory.mktemp("tokens"))
    with TestClient(
        create_app(Settings(models=store.root)), base_url="http://127.0.0.1:11434"
    ) as client:
        yield client


def test_the_answers_byte_for_byte(small: TestClient) -> None:
    there = small.post("/api/tokenize", json={"model": "small", "content": "hi <&>"})
    assert there.content == b'{"tokens":[104,105,32,60,38,62]}'
    assert there.headers["content-type"] == "application/json; charset=utf-8"
    back = small.post("/api/detokenize", json={"model": "small", **there.json()})
    assert back.content == rb'{"content":"hi \u003c\u0026\u003e"}'
    assert small.post("/api/tokenize", json={"model": "small"}).content == b'{"tokens":[]}'


def test_a_conversation_is_written_as_the_model_wants_it(small: TestClient) -> None:
    messages = [{"role": "USER", "content": "hi"}]
    answer = small.post("/api/tokenize", json={"model": "small", "messages": messages})
    text = small.post("/api/detokenize", json={"model": "small", **answer.json()})
    assert text.json() == {"content": "<user>hi<assistant>"}
    assert small.get("/api/ps").json() == {"models": []}


def test_a_long_text_is_answered_in_chunks(small: TestClient) -> None:
    text = "in the beginning " * 2_000
    answer = small.post("/api/tokenize", json={"model": "small", "content": text})
    assert "content-length" not in answer.headers
    back = small.post("/api/detokenize", json={"model": "small", **answer.json()})
    assert back.json() == {"content": text}


@pytest.mark.parametrize(
    ("path", "body", "status", "error"),
    [
        ("tokenize", {"content": "a"}, 400, "model is required"),
        ("tokenize", {"model": "none", "content": "a"}, 404, "model 'none' not found"),
        ("tokenize", {"model": "a b", "content": "a"}, 400, "invalid model name"),
        (
            "tokenize",
            {"model": "small", "content": 5},
            400,
            "json: cannot unmarshal number into Go struct field TokenizeRequest.content of type"
            " string",
        ),
        (
            "detokenize",
            {"model": "small", "tokens": "a"},
            400,
            "json: cannot unmarshal string into Go struct field DetokenizeRequest.tokens of type"
            " []int",
        ),
        (
            "tokenize",
            {"model": "small", "content": "a", "keep_alive": "soon"},
            400,
            'time: invalid duration "soon"',
        ),
        (
            "tokenize",
            {"model": "small", "content": "a", "options": {"num_ctx": "a"}},
            500,
            'option "num_ctx" must be of type integer',
        ),
        (
            "detokenize",
            {"model": "small", "tokens": [7, 270]},
            400,
            "token 270 is not among the model's 270 tokens",
        ),
    ],
)
def test_a_mistake_has_the_words_and_the_status_that_it_has_elsewhere(
    small: TestClient, path: str, body: dict[str, Any], status: int, error: str
) -> None:
    answer = small.post(f"/api/{path}", json=body)
    assert (answer.status_code, answer.json()) == (status, {"error": error})


def test_other_methods_are_not_allowed(small: TestClient) -> None:
    answer = small.get("/api/tokenize")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
