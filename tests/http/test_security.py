"""Who may talk to the server."""

import pytest
from starlette.testclient import TestClient

from pyollama.settings import Host, Settings
from pyollama_http.app import create_app
from pyollama_http.parts import Parts
from pyollama_http.security import BadOrigin, Origins

ALLOWED = [
    "http://localhost", "http://localhost:3000", "https://127.0.0.1:8080", "http://0.0.0.0",
    "http://localhost:", "http://localhost:3000/", "app://x", "file://", "file:///x",
    "tauri://localhost", "vscode-webview://abc", "vscode-file://vscode-app",
]  # fmt: skip
REFUSED = [
    "http://example.com", "null", "*", "http://[::1]", "http://LOCALHOST", "ftp://localhost",
    "http://localhost.example.com", "http://evil.localhost", "chrome-extension://abc",
]  # fmt: skip


@pytest.mark.parametrize("origin", ALLOWED)
def test_an_allowed_origin_is_named_in_the_answer(client: TestClient, origin: str) -> None:
    response = client.get("/api/version", headers={"origin": origin})
    assert response.status_code == 200
    assert response.headers["access-control-allow-origin"] == origin
    assert response.headers.get_list("vary") == ["Origin"]
    missing = client.get("/nope", headers={"origin": origin})
    assert (missing.status_code, missing.headers["vary"]) == (404, "Origin")


@pytest.mark.parametrize("origin", REFUSED)
def test_any_other_origin_gets_an_empty_403(client: TestClient, origin: str) -> None:
    response = client.get("/api/generate", headers={"origin": origin})
    assert (response.status_code, response.content) == (403, b"")
    assert response.headers["allow"] == "POST"
    assert "access-control-allow-origin" not in response.headers
    assert "content-type" not in response.headers


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_the_origin_of_the_server_itself_is_no_cross_origin(
    client: TestClient, scheme: str
) -> None:
    response = client.get("/api/version", headers={"origin": f"{scheme}://127.0.0.1:11434"})
    assert response.status_code == 200
    assert "access-control-allow-origin" not in response.headers


def test_a_preflight_is_answered_on_any_path(client: TestClient) -> None:
    response = client.options("/api/chat", headers={"origin": "http://localhost:3000"})
    assert (response.status_code, response.content) == (204, b"")
    assert response.headers["allow"] == "POST"
    assert response.headers["access-control-allow-methods"].split(",")[0] == "GET"
    assert "X-Stainless-Poll-Helper" in response.headers["access-control-allow-headers"].split(",")
    assert response.headers["access-control-max-age"] == "43200"
    assert response.headers.get_list("vary") == [
        "Origin", "Access-Control-Request-Method", "Access-Control-Request-Headers",
    ]  # fmt: skip
    assert "allow" not in client.options("/nope", headers={"origin": "app://x"}).headers


def test_an_asterisk_allows_every_origin_and_varies_with_none(parts: Parts) -> None:
    app = create_app(Settings(origins=("*",)), parts=parts)
    with TestClient(app, base_url="http://localhost") as client:
        response = client.get("/", headers={"origin": "http://example.com"})
    assert response.headers["access-control-allow-origin"] == "*"
    assert "vary" not in response.headers


def test_configured_origins_are_lower_cased_unless_they_hold_an_asterisk() -> None:
    origins = Origins.of(["https://Example.com", "https://*.Example.org"])
    assert origins.allow("https://example.com")
    assert not origins.allow("https://Example.com")
    assert origins.allow("https://a.Example.org")
    assert not origins.allow("https://a.example.org")


@pytest.mark.parametrize("entry", ["example.com", "https://*.a.*", ""])
def test_what_is_no_origin_is_an_error_at_the_start(parts: Parts, entry: str) -> None:
    with pytest.raises(BadOrigin):
        create_app(Settings(origins=(entry,)), parts=parts)


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST:1", "foo.local", "a.internal:99", "*.localhost", "localhost:abc",
     "127.0.0.1", "10.1.2.3", "172.16.0.1:80", "192.168.1.1", "0.0.0.0:1", "[::1]:11434", "::1",
     "[fd00::1]:80", ""],
)  # fmt: skip
def test_a_host_of_this_machine_or_a_private_network_passes(client: TestClient, host: str) -> None:
    assert client.get("/api/version", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    ["example.com", "evil.com:11434", "8.8.8.8", "169.254.1.1", "[::1]", "[fd00::1]", "mylocal",
     "local", "localhost.", "localhost.example.com", "127.1", "2130706433", "0x7f.1",
     "255.255.255.255", "224.0.0.1"],
)  # fmt: skip
def test_any_other_host_gets_an_empty_403(client: TestClient, host: str) -> None:
    response = client.get("/api/generate", headers={"host": host})
    assert (response.status_code, response.content) == (403, b"")
    assert response.headers["allow"] == "POST"
    assert client.get("/nope", headers={"host": host}).status_code == 403


def test_options_by_a_trusted_name_is_answered_and_by_an_address_routed(client: TestClient) -> None:
    by_name = client.options("/api/chat", headers={"host": "foo.local"})
    assert (by_name.status_code, by_name.headers["allow"]) == (204, "POST")
    assert client.options("/api/chat", headers={"host": "127.0.0.1"}).status_code == 405


def test_a_server_that_others_can_reach_checks_no_host(parts: Parts) -> None:
    app = create_app(Settings(host=Host(address="0.0.0.0")), parts=parts)
    with TestClient(app, base_url="http://evil.com") as client:
        assert client.get("/api/version").status_code == 200


def test_the_origin_is_checked_before_the_host(client: TestClient) -> None:
    headers = {"host": "evil.com", "origin": "http://localhost"}
    assert client.options("/api/chat", headers=headers).status_code == 204
    refused = client.get("/api/version", headers=headers)
    assert refused.status_code == 403
    assert refused.headers["access-control-allow-origin"] == "http://localhost"
