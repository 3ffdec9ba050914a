"""A client that notes when each line of an answer arrives, for measurements of a running server.

The standard library's client, blocking, one connection per request: nothing between the socket and
the clock, and a connection that is closed in the middle of an answer is a client that leaves.
"""

import http.client
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

TIMEOUT = 600.0  # seconds without a byte


@dataclass(frozen=True)
class Line:
    """One line of an answer, and the moment of its arrival in seconds of perf_counter."""

    arrived: float
    event: dict[str, Any]


@contextmanager
def asked(
    url: str, body: Mapping[str, Any], path: str = "/api/generate"
) -> Iterator[Iterator[Line]]:
    """Send a request; gives the lines of its answer as they come, and hangs up at the end."""
    address = urlsplit(url).netloc
    connection = http.client.HTTPConnection(address, timeout=TIMEOUT)
    try:
        headers = {"Content-Type": "application/json"}
        connection.request("POST", path, json.dumps(body), headers)
        yield lines(connection)
    finally:
        connection.close()


def lines(connection: http.client.HTTPConnection) -> Iterator[Line]:
    """The lines of the answer that a connection waits for; an error's body is one line too."""
    with connection.getresponse() as response:
        while text := response.readline():
            arrived = time.perf_counter()
            yield Line(arrived, json.loads(text))


def answer(url: str, body: Mapping[str, Any], path: str = "/api/generate") -> list[Line]:
    """The whole answer. RuntimeError if the server refuses or breaks off with an error."""
    with asked(url, body, path) as arriving:
        found = list(arriving)
    if not found or "error" in found[-1].event:
        raise RuntimeError(f"{path}: {found[-1].event if found else 'no answer'}")
    return found
