"""Models go from one machine to another: to our own client, and to Ollama's by what it asks."""

import asyncio
import hashlib
import http.client
import json
import random
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
from offered import CONFIG, WEIGHTS, digest_of, offer
from thread_server import thread_server

from pyollama.store import Store, parse_name
from pyollama.store.registry import parts
from pyollama_formats.manifest import MANIFEST_TYPE

BIG = random.Random(1).randbytes(24_000_000)


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Store:
    store = Store(tmp_path_factory.mktemp("shelf") / "models")
    offer(store, "m", WEIGHTS)
    offer(store, "big", BIG)
    return store


@pytest.fixture(scope="module")
def netloc(shelf: Store) -> Iterator[str]:
    with thread_server(shelf.root, serve_registry=True) as url:
        yield url.removeprefix("http://")


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "models")


async def pulled(store: Store, name: str, *, stop_at: int | None = None) -> list[int]:
    """Pull over plain HTTP, perhaps until so many bytes are here; gives the sizes on the way."""
    sizes = []
    lines = store.pull(parse_name(name), insecure=True)
    try:
        async for line in lines:
            sizes.append(line.completed)
            if stop_at is not None and line.completed >= stop_at:
                break
    finally:
        await lines.aclose()
    return sizes


def test_a_model_comes_whole_and_keeps_its_digest(store: Store, shelf: Store, netloc: str) -> None:
    asyncio.run(pulled(store, f"{netloc}/library/m"))
    ours = store.find(parse_name(f"{netloc}/library/m"))
    assert ours.digest == shelf.find(parse_name("m")).digest
    for data in (CONFIG, WEIGHTS):
        assert store.blob_path(digest_of(data)).read_bytes() == data


def test_a_model_comes_in_parts(store: Store, netloc: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "MIN_PART", 1_000_000)
    asyncio.run(pulled(store, f"{netloc}/library/big"))
    assert store.blob_path(digest_of(BIG)).read_bytes() == BIG


def test_a_pull_that_was_broken_off_goes_on_where_it_was(
    store: Store, netloc: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "MIN_PART", 1_000_000)
    monkeypatch.setattr("pyollama.store.registry.progress.INTERVAL", 0.001)
    name = f"{netloc}/library/big"
    first = asyncio.run(pulled(store, name, stop_at=1))
    assert not store.has_blob(digest_of(BIG))
    assert 0 < first[-1] < len(BIG)
    second = asyncio.run(pulled(store, name))
    resumed = next(size for size in second if size > len(CONFIG))
    assert resumed >= first[-1]
    assert store.blob_path(digest_of(BIG)).read_bytes() == BIG


def test_what_was_pulled_can_be_pulled_on(store: Store, netloc: str, tmp_path: Path) -> None:
    asyncio.run(pulled(store, f"{netloc}/library/m"))
    last = Store(tmp_path / "last")
    with thread_server(store.root, serve_registry=True) as url:
        second = url.removeprefix("http://")
        asyncio.run(pulled(last, f"{second}/library/m"))
    assert last.blob_path(digest_of(WEIGHTS)).read_bytes() == WEIGHTS


class Go:
    """What Ollama's client sends, with the headers of Go's, and as it reads what comes back."""

    AGENT = "ollama/0.30.0 (amd64 linux) Go/go1.26.0"

    def __init__(self, netloc: str) -> None:
        self.base = f"http://{netloc}"

    def ask(
        self, method: str, url: str, headers: dict[str, str], *, is_read: bool = True
    ) -> tuple[http.client.HTTPResponse, bytes]:
        """One request on a connection of its own; a body that is not read is hung up on."""
        parts = urlsplit(url)
        connection = http.client.HTTPConnection(parts.netloc, timeout=10)
        known = {"User-Agent": self.AGENT, "Accept-Encoding": "gzip", **headers}
        connection.request(method, parts.path, headers=known)
        response = connection.getresponse()
        body = response.read() if is_read else b""
        connection.close()
        return response, body

    def direct_url(self, url: str) -> str:
        """GET without Range: 200 or 307 will do, but there has to be a Location."""
        response, _ = self.ask("GET", url, {}, is_read=False)
        assert response.status in (200, 307)
        location: str = response.headers["Location"]
        assert location, "http: no Location header in response"
        return urljoin(url, location)

    def blob(self, repository: str, digest: str, part: int) -> bytes:
        """HEAD, the direct URL, and then the parts from there, without a token."""
        url = f"{self.base}/v2/{repository}/blobs/{digest}"
        head, _ = self.ask("HEAD", url, {})
        total = int(head.headers["Content-Length"])
        direct = self.direct_url(url)
        found = []
        for start in range(0, total, part):
            last = min(start + part, total) - 1
            response, body = self.ask("GET", direct, {"Range": f"bytes={start}-{last}"})
            assert response.status == 206
            assert len(body) == last + 1 - start
            found.append(body)
        return b"".join(found)


def test_ollamas_own_client_finds_all_that_it_needs(shelf: Store, netloc: str) -> None:
    go = Go(netloc)
    url = f"{go.base}/v2/library/big/manifests/latest"
    response, data = go.ask("GET", url, {"Accept": MANIFEST_TYPE})
    assert response.status == 200
    assert hashlib.sha256(data).hexdigest() == shelf.find(parse_name("big")).digest
    manifest = json.loads(data)
    for layer in (*manifest["layers"], manifest["config"]):
        body = go.blob("library/big", layer["digest"], 5_000_000)
        assert (len(body), digest_of(body)) == (layer["size"], layer["digest"])


def test_a_missing_model_is_what_ollama_calls_a_file_that_does_not_exist(netloc: str) -> None:
    response, _ = Go(netloc).ask("GET", f"http://{netloc}/v2/library/none/manifests/latest", {})
    assert response.status == 404


def open_blobs(store: Store) -> int:
    """How many files of the store's blobs this process, where the server runs, has open."""
    count = 0
    for entry in Path("/proc/self/fd").iterdir():
        try:
            count += str(entry.readlink()).startswith(str(store.root / "blobs"))
        except OSError:
            continue
    return count


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="finds open files in /proc")
def test_clients_that_leave_or_stand_still_hold_nothing_up(shelf: Store, netloc: str) -> None:
    host, port = netloc.split(":")
    request = f"GET /v2/library/big/blobs/{digest_of(BIG)} HTTP/1.1\r\nHost: {netloc}\r\n\r\n"
    idle = [socket.create_connection((host, int(port)), timeout=10) for _ in range(20)]
    for connection in idle:
        connection.sendall(request.encode())
        assert connection.recv(15) == b"HTTP/1.1 200 OK"
    assert open_blobs(shelf) == len(idle)
    started = time.monotonic()
    body = Go(netloc).blob("library/m", digest_of(WEIGHTS), len(WEIGHTS))
    assert (body, time.monotonic() - started < 5) == (WEIGHTS, True)
    for connection in idle:
        connection.close()
    deadline = time.monotonic() + 10
    while open_blobs(shelf) and time.monotonic() < deadline:
        threading.Event().wait(0.01)
    assert open_blobs(shelf) == 0


def test_two_requests_on_one_connection_are_answered_one_after_the_other(netloc: str) -> None:
    connection = http.client.HTTPConnection(netloc, timeout=10)
    path = f"/v2/library/m/blobs/{digest_of(WEIGHTS)}"
    for method, expected in (("HEAD", b""), ("GET", WEIGHTS), ("HEAD", b""), ("GET", WEIGHTS)):
        connection.request(method, path)
        response = connection.getresponse()
        assert response.headers["Content-Length"] == str(len(WEIGHTS))
        assert response.read() == expected
    connection.close()
