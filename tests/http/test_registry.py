"""/api/pull, /api/push and /api/create with a registry that cannot be reached."""

import json
import socket
from dataclasses import replace
from pathlib import Path

import pytest
from fake_registry import fake_registry
from starlette.testclient import TestClient

from pyollama.settings import Settings
from pyollama_http.app import create_app

URL = "https://registry.ollama.ai/v2/library/no-such-base/manifests/latest"


@pytest.fixture
def refused(monkeypatch: pytest.MonkeyPatch) -> str:
    """The words for a proxy at which nobody listens, and the variable that names it."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")
    words = f"proxyconnect tcp: dial tcp 127.0.0.1:{port}: connect: connection refused"
    return f'pull model manifest: Get "{URL}": {words}'


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/pull", {"model": "no-such-base"}),
        ("/api/create", {"model": "m", "from": "no-such-base"}),
    ],
)
def test_a_registry_that_cannot_be_reached(
    client: TestClient, refused: str, path: str, body: dict[str, str]
) -> None:
    streamed = client.post(path, json=body)
    assert streamed.status_code == 200
    assert [json.loads(line) for line in streamed.text.splitlines()] == [
        {"status": "pulling manifest"},
        {"error": refused},
    ]
    single = client.post(path, json={**body, "stream": False})
    assert (single.status_code, single.json()) == (500, {"error": refused})
    assert single.headers["content-type"] == "application/json"


def test_an_insecure_pull_takes_plain_http(client: TestClient, refused: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        netloc = f"127.0.0.1:{server.getsockname()[1]}"
    body = {"model": f"{netloc}/a/b:c", "insecure": True, "stream": False}
    assert client.post("/api/pull", json=body).json() == {
        "error": f'pull model manifest: Get "http://{netloc}/v2/a/b/manifests/c": '
        f"dial tcp {netloc}: connect: connection refused"
    }


def test_the_scheme_of_a_name_does_not_make_a_pull_insecure(client: TestClient) -> None:
    with fake_registry() as registry:
        body = {"model": f"http://{registry.netloc}/a/b", "stream": False}
        error = client.post("/api/pull", json=body).json()["error"]
    url = f"https://{registry.netloc}/v2/a/b/manifests/latest"
    assert error.startswith(f'pull model manifest: Get "{url}": ')
    assert registry.asked == []


def test_a_model_that_no_registry_has(client: TestClient) -> None:
    with fake_registry() as registry:
        body = {"model": f"{registry.netloc}/a/b", "insecure": True}
        lines = client.post("/api/pull", json=body).text.splitlines()
        single = client.post("/api/pull", json={**body, "stream": False})
    error = {"error": "pull model manifest: file does not exist"}
    assert [json.loads(line) for line in lines] == [{"status": "pulling manifest"}, error]
    assert (single.status_code, single.json()) == (500, error)


def test_a_model_is_pulled(client: TestClient) -> None:
    with fake_registry() as registry:
        registry.offer("m", [b"{}", b"layer"])
        name = f"{registry.netloc}/ns/m:latest"
        body = {"model": name, "insecure": True}
        answer = client.post("/api/pull", json=body)
        again = client.post("/api/pull", json={**body, "stream": False})
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert (lines[0], lines[-1]) == ({"status": "pulling manifest"}, {"status": "success"})
    keys = {tuple(line) for line in lines if line["status"].startswith("pulling ")}
    assert keys == {("status",), ("status", "digest", "total"),
                    ("status", "digest", "total", "completed")}  # fmt: skip
    assert (again.status_code, again.json()) == (200, {"status": "success"})
    assert [entry["name"] for entry in client.get("/api/tags").json()["models"]] == [name]


def test_a_registry_that_is_not_allowed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYOLLAMA_ALLOW_REGISTRIES", "registry.ollama.ai")
    settings = replace(Settings.from_environ(), models=tmp_path / "models")
    name = "127.0.0.1:1/a/b"
    refused = {"error": 'registry "127.0.0.1:1" is not in PYOLLAMA_ALLOW_REGISTRIES'}
    requests = [("pull", {"model": name}), ("push", {"model": name})]
    requests += [("create", {"model": "m", "from": name})]
    with TestClient(create_app(settings), base_url="http://127.0.0.1:11434") as client:
        for path, body in requests:
            for stream in (True, False):
                answer = client.post(f"/api/{path}", json={**body, "stream": stream})
                assert (answer.status_code, answer.json()) == (403, refused)
