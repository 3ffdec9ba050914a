"""Uploads over real sockets: bodies without end, clients that leave, memory that stays bounded."""

import hashlib
import http.client
import socket
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from live_server import LiveServer, live_server
from thread_server import thread_server

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
def server(tmp_path: Path) -> Iterator[LiveServer]:
    with live_server(tmp_path / "models") as server:
        yield server


def memory(server: LiveServer) -> int:
    """Bytes of real memory that the process takes."""
    lines = Path(f"/proc/{server.process.pid}/status").read_text().splitlines()
    kilobytes = next(line for line in lines if line.startswith("VmRSS:")).split()[1]
    return int(kilobytes) * 1024


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
def test_a_body_without_end_takes_disk_and_no_memory(server: LiveServer, tmp_path: Path) -> None:
    piece = b"100000\r\n" + bytes(MB) + b"\r\n"
    with begin(server.url, "Transfer-Encoding: chunked") as connection:
        for _ in range(10):
            connection.sendall(piece)
        before = memory(server)
        for _ in range(200):
            connection.sendall(piece)
        assert memory(server) - before < 30 * MB
        assert len(blobs(tmp_path)) == 1
    assert soon(lambda: blobs(tmp_path) == [])
