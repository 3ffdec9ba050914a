"""Routes of Ollama's cloud on a server that has none, and pushing without a registry."""

import json
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from pyollama.settings import Settings

JSON = "application/json; charset=utf-8"


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "error"),
    [
        ("POST", "/api/me", None, 503, "account unavailable"),
        ("POST", "/api/me", "{}", 503, "account unavailable"),
        ("POST", "/api/signout", None, 500, "there was an error signing out"),
        ("DELETE", "/api/user/keys/abc", None, 500, "there was an error signing out"),
        ("POST", "/api/experimental/web_search", None, 400, "missing request body"),
        ("POST", "/api/experimental/web_fetch", " \n", 400, "missing request body"),
        ("POST", "/api/experimental/web_search", "{}", 403,
         "ollama cloud is disabled: web search is unavailable"),
        ("POST", "/api/experimental/web_fetch", '{"url":"http://x"}', 403,
         "ollama cloud is disabled: web fetch is unavailable"),
        ("POST", "/api/push", "{}", 400, "model is required"),
    ],
)  # fmt: skip
def test_refusals(
    client: TestClient, method: str, path: str, body: str | None, status: int, error: str
) -> None:
    response = client.request(method, path, content=body)
    assert (response.status_code, response.json()) == (status, {"error": error})
    assert response.headers["content-type"] == JSON


def test_nothing_is_recommended(client: TestClient) -> None:
    response = client.get("/api/experimental/model-recommendations")
    assert (response.status_code, response.content) == (200, b'{"recommendations":[]}')


def test_the_cloud_is_off(client: TestClient) -> None:
    assert client.get("/api/status").content == b'{"cloud":{"disabled":true,"source":"env"}}'


@pytest.mark.parametrize(
    ("config", "variable", "source"),
    [
        (None, "", "env"),
        (None, "1", "env"),
        ('{"disable_ollama_cloud":true}', "", "config"),
        ('{"disable_ollama_cloud":true}', "1", "both"),
        ('{"disable_ollama_cloud":false}', "1", "env"),
        ('{"disable_ollama_cloud":1}', "", "env"),
        ("[" * 100_000, "", "env"),
        ("no json", "1", "env"),
    ],
)
def test_what_switches_the_cloud_off(
    tmp_path: Path, config: str | None, variable: str, source: str
) -> None:
    if config is not None:
        (tmp_path / ".ollama").mkdir()
        (tmp_path / ".ollama" / "server.json").write_text(config)
    environ = {"HOME": str(tmp_path), "OLLAMA_NO_CLOUD": variable}
    assert Settings.from_environ(environ).cloud_switch == source


def test_a_push_of_what_is_not_stored(client: TestClient) -> None:
    lines = client.post("/api/push", json={"model": "n/x"}).text.splitlines()
    first, second, last = (json.loads(line) for line in lines)
    assert first == {"status": "retrieving manifest"}
    assert second == {"status": "couldn't retrieve manifest"}
    assert last["error"].startswith("open /")
    assert last["error"].endswith("/registry.ollama.ai/n/x/latest: no such file or directory")


def test_a_push_without_a_stream_is_the_error_alone(client: TestClient) -> None:
    response = client.post("/api/push", json={"model": "a b", "stream": False})
    assert response.status_code == 500
    assert response.json() == {"error": "unqualified name: registry.ollama.ai/library/a b:latest"}
    assert response.headers["content-type"] == "application/json"
