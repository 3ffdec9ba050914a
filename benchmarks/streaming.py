"""A client that notes when each line of an answer arrives, for measurements of a running server.

A blocking socket, one connection per request: nothing between the system and the clock, little work
for each line, since a client that computes takes its time from the server beside it, and a
connection that is closed in the middle of an answer is a client that leaves.
"""

import json
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

import httptools

TIMEOUT = 600.0  # seconds without a byte


@dataclass(frozen=True)
class Line:
    """One line of an answer, and the moment of its arrival in seconds of perf_counter."""

    arrived: float
    text: bytes

    @cached_property
    def event(self) -> dict[str, Any]:
        """What the line says, looked at when measuring is over."""
        found: dict[str, Any] = json.loads(self.text)
        return found


class Body:
    """The body of a response while it arrives; httptools calls it."""

    def __init__(self) -> None:
        self.data = b""
        self.is_whole = False

    def on_body(self, data: bytes) -> None:
        """Called with some more of it."""
        self.data += data

    def on_message_complete(self) -> None:
        """Called when there is no more."""
        self.is_whole = True


@contextmanager
def asked(
    url: str, body: Mapping[str, Any], path: str = "/api/generate"
) -> Iterator[Iterator[Line]]:
    """Send a request; gives the lines of its answer as they come, and hangs up at the end."""
    address = urlsplit(url)
    data = json.dumps(body).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {address.netloc}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n"
    )
    with socket.create_connection((address.hostname, address.port), TIMEOUT) as connection:
        connection.sendall(head.encode() + data)
        yield lines(connection)


def lines(connection: socket.socket) -> Iterator[Line]:
    """The lines of the answer that a connection waits for; an error's body is one line too.

    ConnectionError if the server hangs up before the end.
    """
    body = Body()
    parser = httptools.HttpResponseParser(body)
    while not body.is_whole:
        data = connection.recv(1 << 16)
        arrived = time.perf_counter()
        if not data:
            raise ConnectionError("the server has hung up")
        parser.feed_data(data)
        *whole, body.data = body.data.split(b"\n")
        for text in whole:
            yield Line(arrived, text)
    if body.data:
        yield Line(arrived, body.data)


def answer(url: str, body: Mapping[str, Any], path: str = "/api/generate") -> list[Line]:
    """The whole answer. RuntimeError if the server refuses or breaks off with an error."""
    with asked(url, body, path) as arriving:
        found = list(arriving)
    if not found or "error" in found[-1].event:
        raise RuntimeError(f"{path}: {found[-1].event if found else 'no answer'}")
    return found
