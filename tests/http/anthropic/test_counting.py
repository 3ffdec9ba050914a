"""/v1/messages/count_tokens: how long a prompt is, by the model's own tokenizer."""

from collections.abc import Iterator
from typing import Any

import pytest
import served
from anthropic_requests import HI, IMAGE, TIDE, URL
from starlette.testclient import TestClient

from pyollama.settings import Settings
from pyollama.store import Store
from pyollama_http.app import create_app

COUNT = f"{URL}/count_tokens"


@pytest.fixture(scope="module")
def stocked(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A store with the model small, whose tokens are bytes."""
    return served.new_store(tmp_path_factory.mktemp("counting"))


@pytest.fixture(scope="module")
def small(stocked: Store) -> Iterator[TestClient]:
    settings = Settings(models=stocked.root)
    with TestClient(create_app(settings), base_url="http://127.0.0.1:11434") as client:
        yield client


def count(client: TestClient, **fields: Any) -> Any:
    """The answer to a request of the model small."""
    return client.post(COUNT, json={"model": "small", "messages": HI, **fields})


def test_the_words_of_the_template_count(small: TestClient) -> None:
    answer = count(small)
    tokens = small.post("/api/tokenize", json={"model": "small", "messages": HI}).json()["tokens"]
    assert len(tokens) > len("<user>")
    assert answer.text == f'{{"input_tokens":{len(tokens)}}}\n'
    assert answer.headers["content-type"] == "application/json"


def test_it_is_what_a_message_will_say(small: TestClient) -> None:
    body = {"model": "small", "system": "Be brief.", "messages": HI}
    made = small.post(URL, json={**body, "max_tokens": 1, "stream": False}).json()
    assert count(small, system="Be brief.").json()["input_tokens"] == made["usage"]["input_tokens"]


def test_thinking_that_is_in_vain_is_not_asked_for(small: TestClient) -> None:
    assert count(small, thinking={"type": "enabled"}).status_code == 200


@pytest.mark.parametrize(
    ("fields", "status", "message"),
    [
        ({"model": ""}, 400, "model is required"),
        ({"messages": []}, 400, "messages is required"),
        ({"model": "none"}, 404, "model 'none' not found"),
        ({"tools": [TIDE]}, 400, "registry.ollama.ai/library/small:latest does not support tools"),
        ({"tools": 5}, 400, "json: cannot unmarshal number"),
        (
            {"messages": [{"role": "user", "content": [{"type": "image", "source": IMAGE}]}]},
            400,
            "Multimodal data provided",
        ),
    ],
)
def test_mistakes_are_those_of_messages(
    small: TestClient, fields: dict[str, Any], status: int, message: str
) -> None:
    answer = count(small, **fields)
    assert answer.status_code == status
    assert message in answer.json()["error"]["message"]
    assert answer.json()["type"] == "error"


def test_where_the_server_is_strictly_like_ollama_there_is_no_such_path(stocked: Store) -> None:
    settings = Settings.from_environ(
        {"PYOLLAMA_PARITY": "strict", "OLLAMA_MODELS": str(stocked.root)}
    )
    with TestClient(create_app(settings), base_url="http://127.0.0.1:11434") as strict:
        answer = count(strict)
    assert (answer.status_code, answer.text) == (404, "404 page not found")
    assert answer.headers["content-type"] == "text/plain"
