"""uvicorn's HTTP/1.1 protocol, as strict and as lenient as Go's server.

A method may be any word; the routes say 405 to it. What is not HTTP is refused in Go's words.

Named to uvicorn as ``http="pyollama_http.protocol:Protocol"``. It stands on httptools; where that
is not installed, uvicorn's own choice answers such requests in other ways.
"""

import re
import sys

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

__all__ = ["MAX_HEAD", "Protocol"]

REQUEST_LINE = re.compile(rb"[!#-'*+\-.^-z|~0-9A-Z]+(?= \S+ HTTP/(?P<major>\d)\.\d\r\n)")
MAX_HEAD = 1 << 20  # bytes of a request line and its headers, as in Go
UNROUTED = b"PATCH"  # a method that the parser knows and no route has


class Protocol(HttpToolsProtocol):
    """Answers what httptools cannot parse as Go would, and bounds what it would collect."""

    received = b""
    head_size = 0  # bytes of the head that is being received
    is_in_head = False

    def data_received(self, data: bytes) -> None:
        """Parse some more bytes; a head that grows without end is refused."""
        self.received = data  # for send_400_response()
        self.head_size += len(data)
        super().data_received(data)
        if self.is_in_head and self.head_size > MAX_HEAD:
            self._refuse(b"431 Request Header Fields Too Large")

    def on_message_begin(self) -> None:
        """Called by the parser; the head begins somewhere in what has just been received."""
        self.is_in_head, self.head_size = True, len(self.received)
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Called by the parser."""
        self.is_in_head = False
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        """Called by uvicorn while it handles a parser's error; msg is uvicorn's own wording."""
        line = REQUEST_LINE.match(self.received)
        is_method = isinstance(sys.exception(), httptools.HttpParserInvalidMethodError)
        if line is not None and line["major"] != b"1":
            status = b"505 HTTP Version Not Supported"
            self._refuse(status, b": unsupported protocol version")
        elif line is not None and is_method:
            self.parser = httptools.HttpRequestParser(self)
            self.data_received(UNROUTED + self.received[line.end() :])
        else:
            self._refuse(b"400 Bad Request")

    def _refuse(self, status: bytes, reason: bytes = b"") -> None:
        """Send a whole answer, whose text is its status, and close the connection."""
        headers = b"Content-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n"
        self.transport.write(b"HTTP/1.1 " + status + b"\r\n" + headers + status + reason)
        self.transport.close()
