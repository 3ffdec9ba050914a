"""Routes, redirects, 404 and 405 as Ollama's router gives them."""

import asyncio

import pytest
from starlette.testclient import TestClient

from pyollama_http.native import blobs, inference, models
from pyollama_http.routes import OLLAMA
from pyollama_http.routing import METHODS

DIGEST = "sha256:" + "0" * 64


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("PUT", "/", "HEAD, GET"),
        ("OPTIONS", "/api/version", "HEAD, GET"),
        ("POST", "/api/tags", "HEAD, GET"),
        ("POST", "/api/ps", "GET"),
        ("GET", "/api/generate", "POST"),
        ("PATCH", "/api/chat", "POST"),
        ("POST", "/api/delete", "DELETE"),
        ("GET", f"/api/blobs/{DIGEST}", "HEAD, POST"),
        ("GET", "/v1/chat/completions", "POST"),
        ("DELETE", "/v1/models/x", "GET"),
    ],
)
def test_a_path_under_other_methods_tells_them(
    client: TestClient, method: str, path: str, allow: str
) -> None:
    response = client.request(method, path)
    assert (response.status_code, response.text) == (405, "405 method not allowed")
    assert response.headers["allow"] == allow
    assert response.headers["content-type"] == "text/plain"


@pytest.mark.parametrize(
    "path",
    ["/nope", "/api", "/api/", "/API/tags", "/v1/", "/api/blobs", "/api/blobs/", "/v1/models/a/b",
     "/v1/models/a%2Fb"],
)  # fmt: skip
def test_an_unknown_path_is_not_found(client: TestClient, path: str) -> None:
    response = client.get(path)
    assert (response.status_code, response.text) == (404, "404 page not found")
    assert response.headers["content-type"] == "text/plain"


def test_head_of_an_existing_path_has_no_body_and_is_refused_where_only_get_is_there(
    client: TestClient,
) -> None:
    response = client.head("/")
    assert (response.status_code, response.content) == (200, b"")
    assert response.headers["content-length"] == "17"
    refused = client.head("/api/ps")
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET")


@pytest.mark.parametrize(
    ("method", "path", "status", "location"),
    [
        ("GET", "/api/ps/", 301, "/api/ps"),
        ("GET", "/api/tags/?x=1", 301, "/api/tags?x=1"),
        ("POST", "/api/generate/", 307, "/api/generate"),
        ("GET", "//api/tags", 307, "/api/tags"),
        ("GET", "/api//tags?a=<b>", 307, "/api/tags?a=%3Cb%3E"),
        ("POST", "//api/generate", 307, "/api/generate"),
        ("HEAD", "/api//tags", 307, "/api/tags"),
    ],
)
def test_what_differs_from_a_route_by_slashes_is_redirected(
    client: TestClient, method: str, path: str, status: int, location: str
) -> None:
    response = client.request(method, f"http://127.0.0.1:11434{path}")
    assert response.status_code == status
    assert response.headers["location"] == location
    phrase = {301: "Moved Permanently", 307: "Temporary Redirect"}[status]
    page = f'<a href="{location}">{phrase}</a>.\n\n' if method == "GET" else ""
    assert response.text == page


def test_a_slash_too_many_for_another_method_is_not_found(client: TestClient) -> None:
    assert client.get("/api/generate/").status_code == 404


def test_percent_encoding_is_decoded_before_the_route_is_looked_up(client: TestClient) -> None:
    assert client.get("/api/%76ersion").status_code == 200


@pytest.mark.parametrize(
    ("path", "words"),
    [("/%zz", "400 Bad Request"), ("/a%", "400 Bad Request")],
)
def test_a_stray_percent_sign_is_refused(client: TestClient, path: str, words: str) -> None:
    assert raw(client, path, [(b"host", b"localhost")]) == (400, words)


@pytest.mark.parametrize(
    ("hosts", "words"),
    [
        ([], "400 Bad Request: missing required Host header"),
        ([b"a", b"b"], "400 Bad Request: too many Host headers"),
        ([b"a b"], "400 Bad Request: malformed Host header"),
        ([b"user@localhost"], "400 Bad Request: malformed Host header"),
    ],
)
def test_a_bad_host_header_is_refused_before_any_route(
    client: TestClient, hosts: list[bytes], words: str
) -> None:
    assert raw(client, "/nope", [(b"host", host) for host in hosts]) == (400, words)


def raw(client: TestClient, path: str, headers: list[tuple[bytes, bytes]]) -> tuple[int, str]:
    """The status and the text of a GET whose head is exactly this."""
    scope = {
        "type": "http", "http_version": "1.1", "method": "GET", "path": path, "query_string": b"",
        "raw_path": path.encode(), "headers": headers, "server": None, "client": None,
    }  # fmt: skip
    sent: list[dict[str, object]] = []

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: object) -> None:
        assert isinstance(message, dict)
        sent.append(message)

    asyncio.run(client.app(scope, receive, send))  # type: ignore[arg-type]
    status, body = sent[0]["status"], sent[1]["body"]
    assert isinstance(status, int)
    assert isinstance(body, bytes)
    return status, body.decode()


def test_every_route_has_a_handler_that_exists_and_a_method_that_allow_can_name() -> None:
    assert {method for method, _, _ in OLLAMA.table} <= set(METHODS)
    for module in (blobs, inference, models):
        for name in module.__all__:
            assert callable(getattr(module, name))
