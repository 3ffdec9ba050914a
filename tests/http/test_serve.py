"""The server on a real socket: framing, clients that leave, what is not HTTP, and a quick start."""

import contextlib
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from fake_serving import FakeServing
from hypothesis import given
from hypothesis import strategies as st

from pyollama_http.app import create_app
from pyollama_http.parts import Parts
from pyollama_http.protocol import MAX_HEAD, pieces

VERSION = b"GET /api/version HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


@pytest.fixture
def port(parts: Parts) -> Iterator[int]:
    with serving_on_a_free_port(parts) as number:
        yield number


@contextlib.contextmanager
def serving_on_a_free_port(parts: Parts) -> Iterator[int]:
    config = uvicorn.Config(
        create_app(parts=parts), http="pyollama_http.protocol:Protocol", ws="none", lifespan="on",
        server_header=False, log_level="critical",
    )  # fmt: skip
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        while not server.started:
            time.sleep(0.01)
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join()


def exchange(port: int, request: bytes) -> bytes:
    """All that comes back until the server closes."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(request)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def post(body: bytes) -> bytes:
    head = f"POST /api/generate HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"Connection: close\r\n\r\n" + body


def wait_until(happened: "object", seconds: float = 5) -> None:
    assert callable(happened)
    end = time.monotonic() + seconds
    while not happened() and time.monotonic() < end:
        time.sleep(0.01)
    assert happened()


def test_a_stream_is_chunked_and_a_short_answer_has_its_length(port: int) -> None:
    streamed = exchange(port, post(b'{"model":"m","prompt":"hi"}'))
    assert b"transfer-encoding: chunked" in streamed.lower()
    assert streamed.endswith(b"\r\n0\r\n\r\n")
    head, _, body = exchange(port, VERSION).partition(b"\r\n\r\n")
    assert f"content-length: {len(body)}".encode() in head.lower()
    assert b"\nserver:" not in head.lower()


def test_a_mistake_of_ours_is_told_and_ends_the_connection(port: int, serving: FakeServing) -> None:
    serving.refusal = ZeroDivisionError()
    lasting = post(b'{"model":"m","prompt":"hi"}').replace(b"Connection: close\r\n", b"")
    head, _, body = exchange(port, lasting).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 500 ")
    assert b"\nconnection: close" in head.lower()
    assert body == b""


def test_each_line_is_sent_as_soon_as_it_exists(port: int, serving: FakeServing) -> None:
    serving.script, serving.pause = ["a", "b"], 0.3
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(post(b'{"model":"m","prompt":"hi"}'))
        received = b""
        while b'"response":"a"' not in received:
            received += connection.recv(65536)
        assert b'"response":"b"' not in received
    wait_until(lambda: serving.closed == 1)


@pytest.mark.parametrize("stream", ["true", "false"])
def test_a_client_that_leaves_ends_the_work_within_a_step(
    port: int, serving: FakeServing, stream: str
) -> None:
    serving.script, serving.pause = ["x"] * 1000, 0.01
    connection = socket.create_connection(("127.0.0.1", port), timeout=10)
    connection.sendall(post(b'{"model":"m","prompt":"hi","stream":%s}' % stream.encode()))
    wait_until(lambda: serving.sent >= 3)
    connection.close()
    sent = serving.sent
    wait_until(lambda: serving.closed == 1)
    assert serving.sent - sent < 30  # 1000 would have been on their way


def test_a_client_that_leaves_before_the_first_event_ends_the_work(
    port: int, serving: FakeServing
) -> None:
    serving.pause = 60
    connection = socket.create_connection(("127.0.0.1", port), timeout=10)
    connection.sendall(post(b'{"model":"m","prompt":"hi"}'))
    wait_until(lambda: serving.calls)
    connection.close()
    wait_until(lambda: serving.closed == 1)
    assert serving.sent == 0


def test_an_upload_that_breaks_off_leaves_nothing(port: int, parts: Parts, tmp_path: Path) -> None:
    head = b"POST /api/blobs/sha256:" + b"0" * 64 + b" HTTP/1.1\r\nHost: localhost\r\n"
    blobs = tmp_path / "models" / "blobs"
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(head + b"Content-Length: 100\r\n\r\n" + b"x" * 50)
        wait_until(lambda: blobs.is_dir() and any(blobs.iterdir()))
    wait_until(lambda: not any(blobs.iterdir()))


def test_expect_100_continue_is_met(port: int) -> None:
    request = post(b"{}").replace(b"Connection:", b"Expect: 100-continue\r\nConnection:")
    assert exchange(port, request).startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")


@pytest.mark.parametrize(
    ("request_bytes", "status", "words"),
    [
        (b"GARBAGE\r\n\r\n", b"400 Bad Request", b"400 Bad Request"),
        (b"GET nope HTTP/1.1\r\nHost: localhost\r\n\r\n", b"400 Bad Request", b"400 Bad Request"),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nbad header\r\n\r\n", b"400 Bad Request",
         b"400 Bad Request"),
        (b"GET / HTTP/1.1\r\n\r\n", b"400 Bad Request",
         b"400 Bad Request: missing required Host header"),
        (b"GET /%zz HTTP/1.1\r\nHost: localhost\r\n\r\n", b"400 Bad Request", b"400 Bad Request"),
        (b"GET / HTTP/3.0\r\nHost: localhost\r\n\r\n", b"505 HTTP Version Not Supported",
         b"505 HTTP Version Not Supported: unsupported protocol version"),
    ],
)  # fmt: skip
def test_what_is_not_http_is_refused_and_the_connection_closed(
    port: int, request_bytes: bytes, status: bytes, words: bytes
) -> None:
    head, _, body = exchange(port, request_bytes).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 " + status)
    assert b"content-type: text/plain; charset=utf-8" in head.lower()
    assert body == words


def test_a_whole_url_is_a_path_too(port: int) -> None:
    request = VERSION.replace(b"/api", b"http://localhost/api")
    assert exchange(port, request).startswith(b"HTTP/1.1 200 OK")


@pytest.mark.parametrize("method", [b"FOO", b"get", b"GETX"])
def test_a_method_that_nobody_knows_is_routed_like_any_other(port: int, method: bytes) -> None:
    answer = exchange(port, VERSION.replace(b"GET", method, 1))
    assert answer.startswith(b"HTTP/1.1 405 Method Not Allowed\r\n")
    assert b"allow: HEAD, GET\r\n" in answer
    missing = exchange(port, VERSION.replace(b"GET /api", b"FOO /nope", 1))
    assert missing.startswith(b"HTTP/1.1 404 Not Found\r\n")


KEPT = VERSION.replace(b"Connection: close\r\n", b"")
OTHER = KEPT.replace(b"GET", b"FOO", 1)


@pytest.mark.parametrize(
    ("requests", "statuses"),
    [
        ([KEPT, OTHER, VERSION], [200, 405, 200]),
        ([OTHER, OTHER, KEPT, OTHER, VERSION], [405, 405, 200, 405, 200]),
        ([post(b"{}").replace(b"Connection: close\r\n", b""), OTHER, VERSION], [200, 405, 200]),
        ([post(OTHER * 3).replace(b"Connection: close\r\n", b""), VERSION], [400, 200]),
        ([KEPT, b"GARBAGE\r\n\r\n"], [200, 400]),
        ([KEPT, KEPT, b"GET / HTTP/3.0\r\n\r\n", KEPT], [200, 200, 505]),
        ([KEPT, b"GET nope HTTP/1.1\r\n\r\n"], [200, 400]),
        ([post(b"1").replace(b"Connection: close\r\n", b""), b"1", OTHER], [400, 400]),
    ],
)
def test_requests_in_one_packet_are_answered_in_their_order(
    port: int, requests: list[bytes], statuses: list[int]
) -> None:
    answers = exchange(port, b"".join(requests))
    assert [int(code) for code in re.findall(rb"HTTP/1\.1 (\d+) ", answers)] == statuses


@given(st.lists(st.sampled_from([KEPT, OTHER, b"x", b"\n", b" ", b" HTTP/1.1\r\n", b"{"])))
def test_cutting_what_is_received_loses_nothing(parts_of_it: list[bytes]) -> None:
    data = b"".join(parts_of_it)
    assert b"".join(pieces(data)) == data


def test_a_head_without_end_is_refused(port: int) -> None:
    start = b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: "
    answer = exchange(port, start + b"x" * (MAX_HEAD + 1 - len(start)))
    assert answer.startswith(b"HTTP/1.1 431 Request Header Fields Too Large\r\n")


@pytest.mark.parametrize("before", [b"0\r\nX-Long: ", b"0\r\n" + b"X: x\r\n" * 9, b"1;extension="])
def test_what_stands_around_a_body_has_an_end_too(port: int, before: bytes) -> None:
    head = b"POST /api/generate HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    line = b"Y: y\r\n" if before.endswith(b"\n") else b"x"
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(head + before)
        with contextlib.suppress(ConnectionError):
            for _ in range(2 * MAX_HEAD // 6000):
                connection.sendall(line * (6000 // len(line)))
            received = b"".join(iter(lambda: connection.recv(65536), b""))
            assert received.startswith(b"HTTP/1.1 431 Request Header Fields Too Large\r\n")
        with pytest.raises(ConnectionError):
            for _ in range(100):
                connection.sendall(line * 6000)


def test_a_client_that_leaves_with_requests_behind_this_one_ends_the_work(
    port: int, serving: FakeServing
) -> None:
    serving.script, serving.pause = ["x"] * 1000, 0.01
    request = post(b'{"model":"m","prompt":"hi"}').replace(b"Connection: close\r\n", b"")
    connection = socket.create_connection(("127.0.0.1", port), timeout=10)
    connection.sendall(request + KEPT + KEPT)
    wait_until(lambda: serving.sent >= 3)
    connection.close()
    wait_until(lambda: serving.closed == 1)
    assert serving.sent < 500


def test_a_long_head_and_a_longer_body_are_fine(port: int, serving: FakeServing) -> None:
    request = post(b'{"model":"m","prompt":"' + b"x" * (2 << 20) + b'"}')
    long = b"X-Long: " + b"x" * 9999 + b"\r\nConnection:"
    answer = exchange(port, request.replace(b"Connection:", long))
    assert answer.startswith(b"HTTP/1.1 200 OK")
    assert len(serving.calls) == 1


def test_the_models_are_let_go_when_the_server_stops(parts: Parts, serving: FakeServing) -> None:
    with serving_on_a_free_port(parts) as port:
        exchange(port, VERSION)
        assert serving.closed == 0
    assert serving.closed == 100


START = """
import asyncio, sys
from pyollama_http import parts
from pyollama_http.app import from_environment
from starlette.testclient import TestClient
parts.PEACE = 60.0
with TestClient(from_environment(), base_url="http://localhost") as client:
    assert client.get("/api/version").status_code == 200
    assert client.get("/api/ps").status_code == 200
heavy = {"numba", "gguf", "numpy", "llvmlite"} & set(sys.modules)
assert not heavy, heavy
assert client.get("/api/tags").status_code == 200
heavy = {"numba", "gguf", "llvmlite"} & set(sys.modules)
assert not heavy, heavy
"""


@pytest.mark.slow
def test_a_server_that_tells_its_version_has_loaded_nothing_heavy(tmp_path: Path) -> None:
    environment = os.environ | {"OLLAMA_MODELS": str(tmp_path)}
    subprocess.run([sys.executable, "-c", START], check=True, env=environment)


AHEAD = """
import sys, time
from pyollama_http import parts
from pyollama_http.app import from_environment
from starlette.testclient import TestClient
parts.PEACE = 0.0
with TestClient(from_environment(), base_url="http://localhost"):
    end = time.monotonic() + 60
    while "pyollama.serving.serving" not in sys.modules and time.monotonic() < end:
        time.sleep(0.01)
assert "numba" in sys.modules
"""


@pytest.mark.slow
def test_a_server_that_is_left_in_peace_imports_what_models_need(tmp_path: Path) -> None:
    environment = os.environ | {"OLLAMA_MODELS": str(tmp_path)}
    subprocess.run([sys.executable, "-c", AHEAD], check=True, env=environment)


@pytest.mark.slow
def test_the_limit_of_bodies_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    from pyollama_http.app import from_environment

    monkeypatch.setenv("PYOLLAMA_MAX_BODY", "1000")
    assert from_environment().state.max_body == 1000
    monkeypatch.delenv("PYOLLAMA_MAX_BODY")
    assert from_environment().state.max_body == 256 << 20
