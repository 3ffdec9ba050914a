import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from pyollama_conformance.client import Client, ProtocolError, Request

Answering = Callable[[bytes], Client]


@pytest.fixture
def answering() -> Iterator[Answering]:
    """A server for one connection: reads a request head, sends the given bytes, closes."""
    listener = socket.create_server(("127.0.0.1", 0))
    threads: list[threading.Thread] = []
    seen: list[bytes] = []

    def serve(answer: bytes) -> None:
        connection, _ = listener.accept()
        with connection:
            seen.append(connection.recv(65536))
            connection.sendall(answer)

    def start(answer: bytes) -> Client:
        threads.append(threading.Thread(target=serve, args=(answer,)))
        threads[-1].start()
        client = Client(f"http://127.0.0.1:{listener.getsockname()[1]}", timeout=5)
        client.seen = seen  # type: ignore[attr-defined]
        return client

    yield start
    for thread in threads:
        thread.join()
    listener.close()


def test_a_body_of_known_length(answering: Answering) -> None:
    client = answering(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nVary: a\r\nvary: b\r\n\r\nhi")
    response = client.send(Request("GET", "/"))
    assert (response.status, response.body, response.framing) == (200, b"hi", "content-length")
    assert response.header("Vary") == "a, b"
    assert response.header("Origin") is None


def test_a_chunked_body_is_put_together(answering: Answering) -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    client = answering(head + b"3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\nTrailer: t\r\n\r\n")
    response = client.send(Request("GET", "/"))
    assert (response.body, response.framing) == (b"abc0123456789", "chunked")


def test_a_client_may_leave_after_some_lines(answering: Answering) -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    client = answering(head + b"2\r\na\n\r\n4\r\nb\nc\n\r\n2\r\nd")
    response = client.send(Request("GET", "/", leave_after=2))
    assert (response.status, response.body) == (200, b"a\nb\nc\n")


def test_a_client_may_leave_before_the_answer(answering: Answering) -> None:
    client = answering(b"")
    response = client.send(Request("POST", "/", body=b"body", leave_after=0))
    assert (response.status, response.body, response.framing) == (0, b"", "none")


def test_an_answer_to_head_has_a_length_but_no_body(answering: Answering) -> None:
    client = answering(b"HTTP/1.1 200 OK\r\nContent-Length: 17\r\n\r\n")
    assert client.send(Request("HEAD", "/")).body == b""


def test_headers_of_the_case_replace_the_usual_ones(answering: Answering) -> None:
    client = answering(b"HTTP/1.1 204 No Content\r\n\r\n")
    client.send(Request("OPTIONS", "//x", {"Host": "evil.com"}, b"body"))
    sent = client.seen[0]  # type: ignore[attr-defined]
    assert sent.startswith(b"OPTIONS //x HTTP/1.1\r\nHost: evil.com\r\n")
    assert sent.endswith(b"Content-Length: 4\r\n\r\nbody")


def test_a_chunked_request(answering: Answering) -> None:
    client = answering(b"HTTP/1.1 204 No Content\r\n\r\n")
    client.send(Request("POST", "/", body=b"body", chunked=True))
    assert client.seen[0].endswith(b"\r\n\r\n4\r\nbody\r\n0\r\n\r\n")  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"SSH-2.0-x\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhi",
        b"HTTP/1.1 200 OK\r\nContent-Length: 999999999999\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
        b"HTTP/1.1 two OK\r\n\r\n",
    ],
)
def test_what_is_not_http_is_a_protocol_error(answering: Answering, answer: bytes) -> None:
    with pytest.raises(ProtocolError):
        answering(answer).send(Request("GET", "/"))


def test_a_server_that_is_not_there_is_a_protocol_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(ProtocolError):
        Client(f"127.0.0.1:{port}").send(Request("GET", "/"))


def test_only_plain_http_is_spoken() -> None:
    with pytest.raises(ValueError, match="not an http:// URL"):
        Client("https://127.0.0.1")
