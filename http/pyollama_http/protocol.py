"""uvicorn's HTTP/1.1 protocol, with the words of Go's server for what is not HTTP.

Named to uvicorn as ``http="pyollama_http.protocol:Protocol"``; without httptools uvicorn's own
choice answers such requests in other words.
"""

import re

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

__all__ = ["Protocol", "refusal"]

REQUEST_LINE = re.compile(rb"\S+ \S+ HTTP/(?P<major>\d)\.\d\r\n")


class Protocol(HttpToolsProtocol):
    """Answers a request that cannot be parsed as Go would, and closes the connection."""

    received = b""

    def data_received(self, data: bytes) -> None:
        """Remember what is being parsed, for the sake of refusal()."""
        self.received = data
        super().data_received(data)

    def send_400_response(self, msg: str) -> None:
        """Called by uvicorn with its own words, which nobody sees."""
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
