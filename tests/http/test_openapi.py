"""GET /openapi.json: every route, in schemas that hold for what is really answered."""

import json
import re
from typing import Any

import pytest
import served
from jsonschema import Draft202012Validator
from starlette.testclient import TestClient

from pyollama.settings import Settings
from pyollama_http.app import create_app
from pyollama_http.openapi.operations import OPERATIONS
from pyollama_http.routes import BEYOND, OLLAMA

HELLO = [{"role": "user", "content": "hello"}]
STREAMS: dict[str, dict[str, Any]] = {
    "/api/generate": {"prompt": "hello", "options": {"num_predict": 3}},
    "/api/chat": {"messages": HELLO, "options": {"num_predict": 3}},
    "/v1/chat/completions": {"messages": HELLO, "max_tokens": 3, "stream": True},
    "/v1/completions": {"prompt": "hello", "max_tokens": 3, "stream": True},
    "/v1/responses": {"input": "hello", "max_output_tokens": 3, "stream": True},
    "/v1/messages": {"messages": HELLO, "max_tokens": 3, "stream": True},
}


@pytest.fixture(scope="module")
def answering(tmp_path_factory: pytest.TempPathFactory) -> Any:
    store = served.new_store(tmp_path_factory.mktemp("openapi"))
    settings = Settings(models=store.root)
    with TestClient(create_app(settings), base_url="http://127.0.0.1:11434") as client:
        yield client


@pytest.fixture(scope="module")
def described(answering: TestClient) -> Any:
    answer = answering.get("/openapi.json")
    assert answer.headers["content-type"].startswith("application/json")
    return answer.json()


def held_against(described: Any, schema: Any) -> Draft202012Validator:
    """The validator of a schema that refers to the document's components."""
    return Draft202012Validator({**schema, "components": described["components"]})


def test_every_route_is_described_but_the_description(described: Any) -> None:
    routes = OLLAMA.including(BEYOND)
    for method, path in OPERATIONS:
        found = routes.find(method, re.sub(r":\w+", "x", path))
        assert found is not None, (method, path)
        assert method.lower() in described["paths"][re.sub(r":(\w+)", r"{\1}", path)]
    assert len(OPERATIONS) == len(routes.table) - 1


def test_every_schema_is_a_schema(described: Any) -> None:
    assert described["openapi"].startswith("3.1")
    for schema in described["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("path", STREAMS)
def test_records_of_a_stream_are_as_described(
    answering: TestClient, described: Any, path: str
) -> None:
    answer = answering.post(path, json={"model": "small", **STREAMS[path]})
    media = answer.headers["content-type"].partition(";")[0]
    content = described["paths"][path]["post"]["responses"]["200"]["content"][media]
    validator = held_against(described, content["x-itemSchema"])
    lines = [line.removeprefix("data: ") for line in answer.text.splitlines()]
    records = [line for line in lines if line.startswith("{")]
    assert len(records) > 1
    for record in records:
        validator.validate(json.loads(record))


@pytest.mark.parametrize("path", STREAMS)
def test_another_record_is_not_as_described(described: Any, path: str) -> None:
    content = described["paths"][path]["post"]["responses"]["200"]["content"]
    (item,) = [kind["x-itemSchema"] for kind in content.values() if "x-itemSchema" in kind]
    assert not held_against(described, item).is_valid({"done": "perhaps"})
