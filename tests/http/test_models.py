"""The endpoints of the store: version, tags, blobs, create, show, delete."""

import hashlib
import json
from pathlib import Path

import pytest
import tiny_llama
from fake_serving import FakeServing
from starlette.testclient import TestClient

from pyollama import OLLAMA_VERSION
from pyollama.store import Store


def digest_of(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


@pytest.fixture
def gguf(tmp_path: Path) -> bytes:
    path = tmp_path / "m.gguf"
    tiny_llama.write_model(path)
    return path.read_bytes()


@pytest.fixture
def model(client: TestClient, gguf: bytes) -> str:
    """A model made the way a client makes one."""
    assert client.post(f"/api/blobs/{digest_of(gguf)}", content=gguf).status_code == 201
    body = {"model": "m", "files": {"m.gguf": digest_of(gguf)}, "parameters": {"top_k": 1}}
    response = client.post("/api/create", json=body)
    assert json.loads(response.text.splitlines()[-1]) == {"status": "success"}
    return "m"


def test_the_root_is_a_sign_of_life(client: TestClient) -> None:
    response = client.get("/?x=1")
    assert response.content == b"Ollama is running"
    assert response.headers["content-type"] == "text/plain; charset=utf-8"


def test_the_version_is_ollamas(client: TestClient) -> None:
    response = client.get("/api/version")
    assert response.content == f'{{"version":"{OLLAMA_VERSION}"}}'.encode()
    assert response.headers["content-type"] == "application/json; charset=utf-8"


def test_an_empty_store_has_an_empty_list(client: TestClient) -> None:
    assert client.get("/api/tags").content == b'{"models":[]}'
    assert client.get("/api/ps").content == b'{"models":[]}'


def test_a_created_model_is_listed_shown_and_deleted(client: TestClient, model: str) -> None:
    (entry,) = client.get("/api/tags").json()["models"]
    assert (entry["name"], entry["model"]) == ("m:latest", "m:latest")
    assert list(entry["details"])[:6] == [
        "parent_model", "format", "family", "families", "parameter_size", "quantization_level",
    ]  # fmt: skip
    shown = client.post("/api/show", json={"name": "M"}).json()
    assert shown["parameters"] == "top_k                          1"
    assert shown["model_info"]["general.architecture"] == "llama"
    assert list(shown["model_info"]) == sorted(shown["model_info"])
    deleted = client.request("DELETE", "/api/delete", json={"model": model})
    assert (deleted.status_code, deleted.content) == (200, b"")
    assert "content-type" not in deleted.headers
    again = client.request("DELETE", "/api/delete", json={"model": model})
    assert (again.status_code, again.json()) == (404, {"error": "model 'm' not found"})


def test_a_verbose_show_has_the_arrays(client: TestClient, model: str) -> None:
    short = client.post("/api/show", json={"model": model}).json()["model_info"]
    full = client.post("/api/show", json={"model": model, "verbose": True}).json()["model_info"]
    assert short["tokenizer.ggml.tokens"] is None
    assert len(full["tokenizer.ggml.tokens"]) > 0


def test_copilot_is_told_the_name_it_asked_for(client: TestClient, model: str) -> None:
    headers = {"user-agent": "GitHubCopilotChat/0.1"}
    info = client.post("/api/show", json={"model": "M"}, headers=headers).json()["model_info"]
    assert info["general.basename"] == "M"
    assert list(info) == sorted(info)


@pytest.mark.parametrize(
    ("name", "status", "words"),
    [
        ("", 400, "model is required"),
        (" ", 400, "model is required"),
        ("a b", 400, "invalid model name"),
        ("x", 404, "model 'x:latest' not found"),
        ("x:cloud", 403, "ollama cloud is disabled: remote model details are unavailable"),
        ("x:cloud:local", 400, 'use either :local or :cloud, not both: "x:cloud:local"'),
    ],
)
def test_show_refuses_a_name_in_ollamas_words(
    client: TestClient, name: str, status: int, words: str
) -> None:
    response = client.post("/api/show", json={"model": name})
    assert (response.status_code, response.json()) == (status, {"error": words})


@pytest.mark.parametrize(
    ("name", "status", "words"),
    [
        ("", 400, "model is required"),
        ("a b", 400, 'name "a b" is invalid'),
        ("x:t", 404, "model 'x:t' not found"),
        ("x:cloud", 404, "model 'x:cloud' not found"),
        ("x:local", 404, "model 'x:local' not found"),
    ],
)
def test_delete_refuses_a_name_in_ollamas_words(
    client: TestClient, name: str, status: int, words: str
) -> None:
    response = client.request("DELETE", "/api/delete", json={"model": name})
    assert (response.status_code, response.json()) == (status, {"error": words})


@pytest.mark.parametrize("suffixed", ["x:cloud", "x:8b:cloud", "x:8b-cloud", "x:8b:local"])
def test_delete_understands_the_suffix_as_part_of_the_tag(
    client: TestClient, store: Store, model: str, suffixed: str
) -> None:
    tag = {"x:cloud": "cloud", "x:8b:local": "8b"}.get(suffixed, "8b-cloud")
    body = {"model": f"x:{tag}", "from": model, "stream": False}
    assert client.post("/api/create", json=body).status_code == 200
    assert client.request("DELETE", "/api/delete", json={"model": suffixed}).status_code == 200
    assert [found.name.short for found in store.list()] == ["m:latest"]


def test_creating_without_streaming_gives_the_last_line(client: TestClient, model: str) -> None:
    response = client.post("/api/create", json={"model": "n", "from": model, "stream": False})
    assert response.content == b'{"status":"success"}'
    assert response.headers["content-type"] == "application/json"


@pytest.mark.parametrize("stream", [True, False])
def test_an_error_in_the_place_of_the_first_line_has_its_own_status(
    client: TestClient, stream: bool
) -> None:
    response = client.post("/api/create", json={"model": "n", "stream": stream})
    assert response.status_code == 400
    assert response.json() == {"error": "neither 'from' or 'files' was specified"}
    assert response.headers["content-type"] == "application/json"


def test_what_create_checks_at_once_is_an_ordinary_error(client: TestClient) -> None:
    response = client.post("/api/create", json={"model": "a b", "from": "m"})
    assert (response.status_code, response.json()) == (400, {"error": "invalid model name"})
    assert response.headers["content-type"] == "application/json; charset=utf-8"


@pytest.mark.parametrize(
    ("name", "status", "words"),
    [
        ("", 400, "invalid model name"),
        ("a b", 400, "invalid model name"),
        ("x:cloud:local", 400, 'use either :local or :cloud, not both: "x:cloud:local"'),
    ],
)
def test_pull_refuses_a_name_in_ollamas_words(
    client: TestClient, name: str, status: int, words: str
) -> None:
    response = client.post("/api/pull", json={"model": name})
    assert (response.status_code, response.json()) == (status, {"error": words})


def test_an_error_after_the_first_line_is_a_line(client: TestClient) -> None:
    body = {"model": "n", "files": {"a.gguf": digest_of(b"never sent")}}
    response = client.post("/api/create", json=body)
    assert response.status_code == 200
    last = json.loads(response.text.splitlines()[-1])
    assert last["error"].endswith("no such file or directory")


def test_a_blob_is_taken_once(client: TestClient, store: Store) -> None:
    url = f"/api/blobs/{digest_of(b'hello')}"
    assert client.head(url).status_code == 404
    first = client.post(url, content=b"hello")
    assert (first.status_code, first.content) == (201, b"")
    assert "content-type" not in first.headers
    assert client.post(url, content=b"other bytes").status_code == 200
    assert client.head(url).status_code == 200
    assert store.blob_path(digest_of(b"hello")).read_bytes() == b"hello"


def test_a_blob_may_be_longer_than_a_json_body(client: TestClient) -> None:
    data = bytes(3 << 20)  # the application of these tests takes JSON of 1 MiB
    assert client.post(f"/api/blobs/{digest_of(data)}", content=data).status_code == 201


def test_a_blob_with_other_bytes_is_refused(client: TestClient) -> None:
    expected = "sha256:" + "0" * 64
    response = client.post(f"/api/blobs/{expected}", content=b"hello")
    assert response.status_code == 400
    assert response.json() == {
        "error": f'digest mismatch, expected "{expected}", got "{digest_of(b"hello")}"'
    }


@pytest.mark.parametrize("digest", ["x", "sha256:", "sha512:" + "0" * 64, "SHA256:" + "0" * 64])
def test_a_malformed_digest_is_refused(client: TestClient, digest: str) -> None:
    response = client.post(f"/api/blobs/{digest}", content=b"hello")
    assert (response.status_code, response.json()) == (400, {"error": "invalid digest format"})
    assert client.head(f"/api/blobs/{digest}").status_code == 400


def test_a_body_beyond_the_limit_is_refused(client: TestClient, serving: FakeServing) -> None:
    response = client.post("/api/generate", content=b" " * ((1 << 20) + 1))
    assert response.status_code == 413
    assert response.json() == {"error": "http: request body too large"}

    def chunks() -> object:
        yield from [b" " * (1 << 19)] * 3

    streamed = client.post("/api/generate", content=chunks())  # type: ignore[arg-type]
    assert streamed.status_code == 413
    assert serving.calls == []


def test_a_long_body_is_decoded_like_a_short_one(client: TestClient, serving: FakeServing) -> None:
    client.post("/api/generate", json={"model": "m", "prompt": "x" * 100_000})
    (call,) = serving.calls
    assert call.prompt == "x" * 100_000  # type: ignore[union-attr]


def test_no_body_is_a_missing_body(client: TestClient) -> None:
    for path in ("/api/show", "/api/create", "/api/generate", "/api/chat"):
        response = client.post(path)
        assert (response.status_code, response.json()) == (400, {"error": "missing request body"})
