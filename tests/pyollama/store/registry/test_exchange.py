"""Requests to a registry: statuses, redirects, bounds, and a network that fails."""

import asyncio
import socket
from collections.abc import Mapping

import pytest
from fake_registry import FakeRegistry, Reply

from pyollama.store.errors import StoreError
from pyollama.store.registry import exchange
from pyollama.store.registry.exchange import Answer, Missing, Question, ask
from pyollama.store.registry.transport import connected


def answer(
    url: str, method: str = "GET", limit: int = 1 << 20, headers: Mapping[str, str] | None = None
) -> Answer:
    async def main() -> Answer:
        async with connected() as client:
            return await ask(client, Question(method, url, headers or {}, limit=limit))

    return asyncio.run(main())


def refusal(url: str, method: str = "GET", limit: int = 1 << 20) -> str:
    with pytest.raises(StoreError) as caught:
        answer(url, method, limit)
    return str(caught.value)


def test_an_answer_is_its_status_headers_and_bytes(registry: FakeRegistry) -> None:
    registry.replies["GET /x"] = Reply(200, b"hello", {"X-Odd": "1"})
    found = answer(f"http://{registry.netloc}/x", headers={"Accept": "a/b"})
    assert (found.status, found.body, found.headers["x-odd"]) == (200, b"hello", "1")
    ((method, path, headers),) = registry.asked
    assert (method, path, headers["accept"]) == ("GET", "/x", "a/b")
    assert headers["user-agent"].startswith("ollama/0.")
    assert headers["accept-encoding"] == "identity"


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (Reply(412, b"newer version needed"), "412: newer version needed"),
        (Reply(500, b""), "500: "),
        (Reply(500, b"x" * 200_000), "500: " + "x" * (64 << 10)),
        (Reply(403, b"\xff"), "403: \ufffd"),
        (Reply(0), 'Get "{url}": EOF'),
        (Reply(401), "unauthorized: access denied"),
    ],
)  # fmt: skip
def test_refusals_have_ollamas_words(registry: FakeRegistry, reply: Reply, words: str) -> None:
    url = f"http://{registry.netloc}/x"
    registry.replies["GET /x"] = reply
    assert refusal(url) == words.format(url=url, netloc=registry.netloc)
    assert len(registry.asked) == 1


def test_what_is_not_there_is_an_error_of_its_own(registry: FakeRegistry) -> None:
    with pytest.raises(Missing, match=r"^file does not exist$"):
        answer(f"http://{registry.netloc}/x")


def test_redirects_are_followed(registry: FakeRegistry) -> None:
    registry.replies["GET /x"] = Reply(307, b"", {"Location": "/y"})
    registry.replies["GET /y"] = Reply(200, b"there")
    assert answer(f"http://{registry.netloc}/x").body == b"there"


def test_redirects_come_to_an_end(registry: FakeRegistry) -> None:
    registry.replies["GET /x"] = Reply(302, b"", {"Location": "/x"})
    url = f"http://{registry.netloc}/x"
    assert refusal(url) == f'Get "{url}": stopped after 10 redirects'
    assert len(registry.asked) == 11


@pytest.mark.parametrize("location", ["file:///etc/passwd", "ftp://h/x"])
def test_redirects_lead_to_http_alone(registry: FakeRegistry, location: str) -> None:
    registry.replies["GET /x"] = Reply(302, b"", {"Location": location})
    scheme = location.partition(":")[0]
    assert refusal(f"http://{registry.netloc}/x").endswith(
        f'unsupported protocol scheme "{scheme}"'
    )
    assert len(registry.asked) == 1


def test_an_answer_that_is_too_long_is_not_kept(registry: FakeRegistry) -> None:
    registry.replies["GET /x"] = Reply(200, b"x" * 1001)
    words = refusal(f"http://{registry.netloc}/x", limit=1000)
    assert words == "the registry answered with more than 1000 bytes"
    assert len(answer(f"http://{registry.netloc}/x", limit=1001).body) == 1001


def test_an_answer_that_never_ends_is_given_up(
    registry: FakeRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchange, "PATIENCE", 0.2)
    registry.replies["GET /x"] = Reply(hold=True)
    url = f"http://{registry.netloc}/x"
    assert refusal(url) == f'Get "{url}": context deadline exceeded'
    assert registry.gone.wait(5)


def test_nobody_listens(closed_port: int) -> None:
    url = f"https://127.0.0.1:{closed_port}/x"
    reason = f"dial tcp 127.0.0.1:{closed_port}: connect: connection refused"
    assert refusal(url, "HEAD") == f'Head "{url}": {reason}'


def test_a_name_that_nobody_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    def lookup(host: str, *args: object, **options: object) -> list[object]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    assert refusal("https://h.example/x") == (
        'Get "https://h.example/x": dial tcp: lookup h.example: no such host'
    )


def test_a_server_without_tls(registry: FakeRegistry) -> None:
    url = f"https://{registry.netloc}/x"
    assert refusal(url) == f'Get "{url}": http: server gave HTTP response to HTTPS client'


def test_a_port_that_is_none() -> None:
    assert refusal("https://h:1:2/x").startswith('parse "https://h:1:2/x": ')


def test_a_proxy_that_does_not_listen(closed_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{closed_port}")
    assert refusal("https://h.example/x") == (
        'Get "https://h.example/x": proxyconnect tcp: dial tcp '
        f"127.0.0.1:{closed_port}: connect: connection refused"
    )


def test_a_proxy_that_refuses(registry: FakeRegistry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://{registry.netloc}")
    registry.replies["CONNECT h.example:443"] = Reply(403)
    assert refusal("https://h.example/x") == 'Get "https://h.example/x": Forbidden'


def test_a_proxy_is_asked_for_the_whole_url(
    registry: FakeRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://{registry.netloc}")
    registry.replies["GET http://h.example/x"] = Reply(200, b"by proxy")
    assert answer("http://h.example/x").body == b"by proxy"


def test_a_proxy_of_another_kind_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "socks5://user:secret@127.0.0.1:1")
    assert refusal("https://h.example/x").endswith(": no proxy of socks5 can be used")
