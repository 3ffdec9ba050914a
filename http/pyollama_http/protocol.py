"""uvicorn's HTTP/1.1 protocol, as strict and as lenient as Go's server.

A method may be any word; the routes say 405 to it. What is not HTTP is refused in Go's words.

Named to uvicorn as ``http="pyollama_http.protocol:Protocol"``. It stands on httptools; where that
is not installed, uvicorn's own choice answers such requests in other ways.
"""

import re
import sys

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

__all__ = ["Protocol", "refusal"]

REQUEST_LINE = re.compile(rb"[!#-'*+\-.^-z|~0-9A-Z]+(?= \S+ HTTP/(?P<major>\d)\.\d\r\n)")
UNROUTED = b"PATCH"  # a method that the parser knows and no route has


class Protocol(HttpToolsProtocol):
    """Answers what httptools cannot parse as Go would."""

    received = b""

    def data_received(self, data: bytes) -> None:
        """Remember what is being parsed, for send_400_response()."""
        self.received = data
        super().data_received(data)

    def send_400_response(self, msg: str) -> None:
        """Called by uvicorn while it handles a parser's error; msg is uvicorn's own wording."""
        line = REQUEST_LINE.match(self.received)
        is_method = isinstance(sys.exception(), httptools.HttpParserInvalidMethodError)
        if is_method and line is not None and line["major"] == b"1":
            self.parser = httptools.HttpRequestParser(self)
            self.data_received(UNROUTED + self.received[line.end() :])
            return
        self.transport.write(refusal(self.received))
        self.transport.close()


def refusal(received: bytes) -> bytes:
    """The whole answer to bytes that are no request: 505 for another HTTP, else 400."""
    line = REQUEST_LINE.match(received)
    status, text = b"400 Bad Request", b"400 Bad Request"
    if line is not None and line["major"] != b"1":
        status = b"505 HTTP Version Not Supported"
        text = status + b": unsupported protocol version"
    headers = b"Content-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n"
    return b"HTTP/1.1 " + status + b"\r\n" + headers + text
