"""/api/copy, and the same names in two spellings."""

import hashlib
from pathlib import Path

import pytest
import tiny_llama
from starlette.testclient import TestClient

from pyollama.store import Store


@pytest.fixture
def model(store: Store, client: TestClient, tmp_path: Path) -> str:
    """A model made over HTTP."""
    data = tiny_llama.write_model(tmp_path / "m.gguf").read_bytes()
    digest = "sha256:" + hashlib.sha256(data).hexdigest()
    assert client.post(f"/api/blobs/{digest}", content=data).status_code == 201
    body = {"model": "m", "files": {"m.gguf": digest}, "system": "s", "stream": False}
    assert client.post("/api/create", json=body).status_code == 200
    return "m"


def tags(client: TestClient) -> dict[str, dict[str, object]]:
    return {entry["name"]: entry for entry in client.get("/api/tags").json()["models"]}


def test_a_copy_has_the_digest_of_its_source(client: TestClient, store: Store, model: str) -> None:
    blobs = sorted((store.root / "blobs").iterdir())
    response = client.post("/api/copy", json={"source": model, "destination": "ns/n:t"})
    assert (response.status_code, response.content) == (200, b"")
    assert "content-type" not in response.headers
    found = tags(client)
    assert found["m:latest"]["digest"] == found["ns/n:t"]["digest"]
    assert sorted((store.root / "blobs").iterdir()) == blobs


def test_copying_over_a_model_removes_the_layers_that_it_had(
    client: TestClient, store: Store, model: str
) -> None:
    client.post("/api/create", json={"model": "n", "from": "m", "system": "other"})
    n_blobs = len(list((store.root / "blobs").iterdir()))
    assert client.post("/api/copy", json={"source": "m", "destination": "N"}).status_code == 200
    assert set(tags(client)) == {"m:latest", "n:latest"}
    assert len(list((store.root / "blobs").iterdir())) == n_blobs - 1  # its system


@pytest.mark.parametrize(
    ("source", "destination", "status", "words"),
    [
        ("", "", 400, 'source "" is invalid'),
        ("a b", "a b", 400, 'source "a b" is invalid'),
        (" m", "n", 400, 'source " m" is invalid'),
        ('a"b', "n", 400, 'source "a\\"b" is invalid'),
        ("m", "", 400, 'destination "" is invalid'),
        ("m", "a/b/c/d:e", 400, 'destination "a/b/c/d:e" is invalid'),
        ("m", "../../x", 400, 'destination "../../x" is invalid'),
        ("x", "y", 404, 'model "x" not found'),
        ("m:cloud", "y", 404, 'model "m:cloud" not found'),
        ("m:local", "y", 404, 'model "m:local" not found'),
    ],
)
def test_copy_refuses_in_ollamas_words(
    client: TestClient, model: str, source: str, destination: str, status: int, words: str
) -> None:
    response = client.post("/api/copy", json={"source": source, "destination": destination})
    assert (response.status_code, response.json()) == (status, {"error": words})
    assert set(tags(client)) == {"m:latest"}


@pytest.mark.parametrize("name", ["m", "M:LATEST", "nowhere"])
def test_a_name_onto_itself_is_nothing_to_do(client: TestClient, model: str, name: str) -> None:
    before = tags(client)
    response = client.post("/api/copy", json={"source": name, "destination": name.lower()})
    assert (response.status_code, response.content) == (200, b"")
    assert tags(client) == before


def test_a_manifest_that_is_no_json_is_copied_as_it_is(
    client: TestClient, store: Store, model: str
) -> None:
    path = store.root / "manifests/registry.ollama.ai/library/bad/latest"
    path.parent.mkdir()
    path.write_bytes(b"{")
    assert client.post("/api/copy", json={"source": "bad", "destination": "b"}).status_code == 200
    assert (path.parent.parent / "b/latest").read_bytes() == b"{"
    assert client.request("DELETE", "/api/delete", json={"model": "bad"}).status_code == 500


def test_a_copy_says_what_is_wrong_with_its_body(client: TestClient) -> None:
    response = client.post("/api/copy", json={"source": 1, "destination": "y"})
    assert response.json() == {
        "error": "json: cannot unmarshal number into Go struct field "
        "CopyRequest.source of type string"
    }
    assert client.post("/api/copy").json() == {"error": "missing request body"}


def test_a_stand_in_is_listed_copied_and_deleted_but_not_shown(client: TestClient) -> None:
    body = {"model": "stub", "from": "big", "remote_host": "h", "stream": False}
    assert client.post("/api/create", json=body).content == b'{"status":"success"}'
    (entry,) = client.get("/api/tags").json()["models"]
    assert list(entry)[:4] == ["name", "model", "remote_model", "remote_host"]
    assert (entry["remote_model"], entry["remote_host"]) == ("big", "http://h:11434")
    for name in ("stub", "stub:local"):
        shown = client.post("/api/show", json={"model": name})
        assert shown.status_code == 403
    assert client.post("/api/copy", json={"source": "stub", "destination": "t"}).status_code == 200
    assert client.request("DELETE", "/api/delete", json={"model": "t"}).status_code == 200
