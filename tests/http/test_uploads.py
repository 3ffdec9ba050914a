"""Uploads over real sockets: bodies without end, clients that leave, memory that stays bounded."""

import hashlib
import http.client
import json
import socket
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
from live_server import LiveServer, live_server
from thread_server import thread_server

from pyollama.store import Store
from pyollama.store.blob_writer import BlobWriter
from pyollama.store.create import copying
from pyollama_formats.blocks import GGMLType
from pyollama_formats.gguf import write_gguf

MB = 1 << 20
ZERO = "sha256:" + "0" * 64


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    with thread_server(tmp_path / "models") as url:
        yield url


def connect(url: str) -> socket.socket:
    parts = urlsplit(url)
    assert parts.hostname
    assert parts.port
    return socket.create_connection((parts.hostname, parts.port))


def begin(url: str, headers: str) -> socket.socket:
    """A connection on which the head of an upload has been sent."""
    connection = connect(url)
    head = f"POST /api/blobs/{ZERO} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n\r\n"
    connection.sendall(head.encode())
    return connection


def soon(condition: Callable[[], bool]) -> bool:
    """Whether something comes true within ten seconds."""
    for _ in range(500):
        if condition():
            return True
        time.sleep(0.02)
    return False


def blobs(tmp_path: Path) -> list[str]:
    return [path.name for path in (tmp_path / "models/blobs").glob("*")]


@pytest.mark.parametrize("headers", ["Transfer-Encoding: chunked", "Content-Length: 100"])
def test_a_client_that_leaves_half_way_leaves_no_file(
    url: str, tmp_path: Path, headers: str
) -> None:
    with begin(url, headers) as connection:
        connection.sendall(b"5\r\nhello\r\n" if "chunked" in headers else b"hello")
        assert soon(lambda: len(blobs(tmp_path)) == 1)
    assert soon(lambda: blobs(tmp_path) == [])


def test_a_body_that_is_not_needed_is_not_read(url: str) -> None:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port)
    digest = "sha256:" + hashlib.sha256(b"x").hexdigest()
    connection.request("POST", f"/api/blobs/{digest}", body=b"x")
    assert connection.getresponse().status == 201
    connection.close()
    with connect(url) as again:
        head = f"POST /api/blobs/{digest} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {10**15}"
        again.sendall(f"{head}\r\n\r\nx".encode())
        again.settimeout(10)
        assert again.recv(100).startswith(b"HTTP/1.1 200 ")


@pytest.fixture
def shards(tmp_path: Path) -> dict[str, str]:
    """A model in two files, which have been uploaded."""
    files = {}
    for n in (0, 1):
        path = tmp_path / "shard"
        split = {"split.count": np.uint16(2), "split.no": np.uint16(n)}
        weights = np.ones((64, 64), np.float32)
        tensors = {f"blk.{n}.attn_q.weight": (weights, GGMLType.F32)}
        write_gguf(path, {"general.architecture": "llama", **split}, tensors)
        digest, _, _ = Store(tmp_path / "models").add_blob([path.read_bytes()])
        files[f"m-0000{n + 1}-of-00002.gguf"] = digest
    return files


def test_a_client_that_leaves_a_creation_ends_it(
    url: str, tmp_path: Path, shards: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    real_write = BlobWriter.write

    def slow_write(self: BlobWriter, data: bytes | memoryview) -> None:
        time.sleep(0.05)
        real_write(self, data)

    monkeypatch.setattr(BlobWriter, "write", slow_write)
    monkeypatch.setattr(copying, "PIECE", 256)
    monkeypatch.setattr(copying, "INTERVAL", 0.0)
    body = json.dumps({"model": "m", "files": shards}).encode()
    with connect(url) as connection:
        head = f"POST /api/create HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}"
        connection.sendall(f"{head}\r\n\r\n".encode() + body)
        received = b""
        while b"validating GGUF model" not in received:
            received += connection.recv(1000)
        assert len(blobs(tmp_path)) == 3
    assert soon(lambda: len(blobs(tmp_path)) == 2)
    assert list(Store(tmp_path / "models").list()) == []


@pytest.fixture
def server(tmp_path: Path) -> Iterator[LiveServer]:
    with live_server(tmp_path / "models") as server:
        yield server


def has_imported_ahead(server: LiveServer) -> None:
    """Wait until the server has everything that it will import, by needing it."""
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=60)
    connection.request("POST", "/api/generate", b'{"model": "none"}')
    assert connection.getresponse().status == 404
    connection.close()


def memory(server: LiveServer) -> int:
    """Bytes of real memory that the process takes."""
    lines = Path(f"/proc/{server.process.pid}/status").read_text().splitlines()
    kilobytes = next(line for line in lines if line.startswith("VmRSS:")).split()[1]
    return int(kilobytes) * 1024


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
def test_a_body_without_end_takes_disk_and_no_memory(server: LiveServer, tmp_path: Path) -> None:
    piece = b"100000\r\n" + bytes(MB) + b"\r\n"
    has_imported_ahead(server)
    with begin(server.url, "Transfer-Encoding: chunked") as connection:
        for _ in range(10):
            connection.sendall(piece)
        before = memory(server)
        for _ in range(200):
            connection.sendall(piece)
        assert memory(server) - before < 30 * MB
        assert len(blobs(tmp_path)) == 1
    assert soon(lambda: blobs(tmp_path) == [])


@pytest.mark.slow
def test_a_server_that_is_killed_in_an_upload_leaves_a_store_that_works(tmp_path: Path) -> None:
    data = bytes(range(256)) * 40_000
    digest = "sha256:" + hashlib.sha256(data).hexdigest()
    with (
        live_server(tmp_path / "models") as server,
        begin(server.url, f"Content-Length: {len(data)}") as connection,
    ):
        connection.sendall(data[: 5 * MB])
        assert soon(lambda: len(blobs(tmp_path)) == 1)
        server.process.kill()
        server.process.wait()
    (left,) = blobs(tmp_path)
    assert len(left) == len("sha256-") + 20
    with live_server(tmp_path / "models") as server:
        parts = urlsplit(server.url)
        client = http.client.HTTPConnection(parts.hostname or "", parts.port)
        for method, path, body, status in (
            ("GET", "/api/tags", None, 200),
            ("HEAD", f"/api/blobs/{digest}", None, 404),
            ("POST", f"/api/blobs/{digest}", data, 201),
            ("HEAD", f"/api/blobs/{digest}", None, 200),
        ):
            client.request(method, path, body=body)
            response = client.getresponse()
            response.read()
            assert response.status == status
        client.close()
    assert len(blobs(tmp_path)) == 2  # what was left is young, and stays for an hour
