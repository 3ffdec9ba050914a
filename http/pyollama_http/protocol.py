"""uvicorn's HTTP/1.1 protocol, as strict and as lenient as Go's server.

A method may be any word; the routes say 405 to it. What is not HTTP is refused in Go's words.

Named to uvicorn as ``http="pyollama_http.protocol:Protocol"``. It stands on httptools; where that
is not installed, uvicorn's own choice answers such requests in other ways.
"""

import re
import sys
from collections.abc import Iterator
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

__all__ = ["MAX_HEAD", "Protocol"]

TOKEN = b"!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
REQUEST_LINE = re.compile(rb"[%s]++(?= [^ \r\n]++ HTTP/(?P<major>\d)\.\d\r\n)" % re.escape(TOKEN))
VERSION = re.compile(rb" HTTP/\d\.\d\r\n")
MAX_HEAD = 1 << 20  # bytes of a request line and its headers, as in Go; trailers may have as many
UNROUTED = b"PATCH"  # a method that the parser knows and no route has


class Protocol(HttpToolsProtocol):
    """Answers what httptools cannot parse as Go would, and bounds what it would collect."""

    received = b""  # what is being parsed: from one request line at most up to the next
    is_at_start = True  # no request has ended in what is being parsed
    head_size = 0  # bytes since a request began, or since there was any of its body
    running: RequestResponseCycle | None = None  # the request that is being answered
    refusal = b""  # waits for the answers to the requests before it

    def data_received(self, data: bytes) -> None:
        """Parse some more bytes, which may hold several requests."""
        for piece in pieces(data):
            if self.refusal or self.transport.is_closing():
                return
            self._parse(piece)

    def _parse(self, data: bytes) -> None:
        """Parse some bytes; a head, a trailer or a chunk's extension without end is refused."""
        self.received, self.is_at_start = data, True  # for send_400_response()
        self.head_size += len(data)
        super().data_received(data)
        if self.head_size > MAX_HEAD and not self.transport.is_closing():
            self._refuse(b"431 Request Header Fields Too Large")

    def on_message_begin(self) -> None:
        """Called by the parser; the head begins somewhere in what has just been received."""
        self.head_size = len(self.received)
        super().on_message_begin()

    def on_body(self, body: bytes) -> None:
        """Called by the parser; what the body itself may be is for the handler to say."""
        self.head_size = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Called by the parser."""
        self.is_at_start, self.head_size = False, 0
        super().on_message_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the request that is being answered; uvicorn tells the one that came last."""
        super().connection_lost(exc)
        if self.running is not None and not self.running.response_complete:
            self.running.disconnected = True
            self.running.message_event.set()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        """Called by uvicorn when the turn of a request has come."""
        self.running = cycle
        super()._start_asgi_task(cycle, app)

    def on_response_complete(self) -> None:
        """Called when an answer has been sent; a refusal comes after the last of them."""
        super().on_response_complete()
        if self.refusal and not self._is_answering() and not self.transport.is_closing():
            self._close_with(self.refusal)

    def send_400_response(self, msg: str) -> None:
        """Called by uvicorn while it handles a parser's error; msg is uvicorn's own wording."""
        line = REQUEST_LINE.match(self.received) if self.is_at_start else None
        is_method = isinstance(sys.exception(), httptools.HttpParserInvalidMethodError)
        if line is not None and line["major"] != b"1":
            status = b"505 HTTP Version Not Supported"
            self._refuse(status, b": unsupported protocol version")
        elif line is not None and is_method:
            self.parser = httptools.HttpRequestParser(self)
            self._parse(UNROUTED + self.received[line.end() :])
        else:
            self._refuse(b"400 Bad Request")

    def _is_answering(self) -> bool:
        """Whether a request has not been answered yet."""
        return bool(self.pipeline) or (self.cycle is not None and not self.cycle.response_complete)

    def _refuse(self, status: bytes, reason: bytes = b"") -> None:
        """Refuse the request that is being parsed, once those before it are answered."""
        headers = b"Content-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n"
        refusal = b"HTTP/1.1 " + status + b"\r\n" + headers + status + reason
        if self._is_answering() and not self.cycle.more_body:
            self.refusal = refusal
        else:
            self._close_with(refusal)

    def _close_with(self, answer: bytes) -> None:
        """Send a whole answer, and close the connection."""
        self.transport.write(answer)
        self.transport.close()


def pieces(data: bytes) -> Iterator[bytes]:
    """The same bytes, cut before what looks like a request line.

    The parser does not say where it stopped; so what it stops at must stand at the start. A cut
    inside a body, which may look like a request too, changes nothing.
    """
    done = 0
    for version in VERSION.finditer(data):
        line = data[data.rfind(b"\n", 0, version.start()) + 1 : version.start()]
        before, _, target = line.rpartition(b" ")
        method = len(before) - len(before.rstrip(TOKEN))
        start = version.start() - len(target) - 1 - method
        if method and start > done:
            yield data[done:start]
            done = start
    yield data[done:]
