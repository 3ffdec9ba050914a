"""One HTTP/1.1 exchange over a plain socket, so that a case may send and see exactly what it means.

A client library would set Host, tidy the path, follow redirects and hide the framing of the answer:
all things that cases are about. Every exchange has a connection of its own. Only ``http://``.

Source: RFC 9112.
"""

import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import BinaryIO
from urllib.parse import urlsplit

MAX_BODY = 64 * 1024 * 1024  # bytes of an answer; no case needs more


class ProtocolError(Exception):
    """The server did not answer, or not in HTTP/1.1."""


@dataclass(frozen=True)
class Request:
    """What to send; `headers` replace the ones that are made (Host, Content-Length).

    leave_after: hang up after so many lines of the answer's body; 0: as soon as all is sent.
    """

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    chunked: bool = False
    leave_after: int | None = None


@dataclass(frozen=True)
class Response:
    """What came back; header names in lower case, several of one name kept in order."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes
    framing: str  # "content-length", "chunked" or "none"

    def header(self, name: str) -> str | None:
        """The value of a header, several joined by ", "; None if there is none."""
        values = [value for key, value in self.headers if key == name.lower()]
        return ", ".join(values) if values else None


class Client:
    """Sends requests to one base URL."""

    def __init__(self, url: str, timeout: float = 60.0) -> None:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        if parts.scheme != "http" or not parts.hostname:
            raise ValueError(f"not an http:// URL: {url}")
        self.address = (parts.hostname, parts.port or 80)
        self.authority = parts.netloc
        self.timeout = timeout

    def send(self, request: Request) -> Response:
        """One exchange; ProtocolError if the server cannot be reached or breaks HTTP."""
        try:
            with socket.create_connection(self.address, self.timeout) as connection:
                connection.sendall(self._bytes(request))
                if request.leave_after == 0:
                    return Response(0, [], b"", "none")
                with connection.makefile("rb") as stream:
                    head = request.method == "HEAD"
                    return _read(stream, head=head, n_line=request.leave_after)
        except (OSError, ValueError) as error:
            raise ProtocolError(f"{request.method} {request.path}: {error}") from error

    def _bytes(self, request: Request) -> bytes:
        headers = {"Host": self.authority, "Connection": "close"}
        if request.chunked:
            headers["Transfer-Encoding"] = "chunked"
        elif request.body is not None:
            headers["Content-Length"] = str(len(request.body))
        headers |= request.headers
        lines = [f"{request.method} {request.path} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        body = request.body or b""
        return "\r\n".join([*lines, "", ""]).encode() + (_chunks(body) if request.chunked else body)


def _chunks(body: bytes, size: int = 8192) -> bytes:
    pieces = [body[i : i + size] for i in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in [*pieces, b""])


def _read(stream: BinaryIO, *, head: bool, n_line: int | None) -> Response:
    """The answer, or what there is of it after n_line lines of its body."""
    version, status = _line(stream).split(" ", 2)[:2]
    if not version.startswith("HTTP/1."):
        raise ProtocolError(f"not HTTP/1.1: {version!r}")
    headers = []
    while line := _line(stream):
        name, _, value = line.partition(":")
        headers.append((name.lower(), value.strip()))
    names = dict(headers)
    framing = "chunked" if names.get("transfer-encoding", "").lower() == "chunked" else "none"
    framing = "content-length" if framing == "none" and "content-length" in names else framing
    if head or int(status) in (204, 304):
        return Response(int(status), headers, b"", framing)
    chunked = framing == "chunked"
    body = _chunked_body(stream, n_line) if chunked else _plain_body(stream, names)
    return Response(int(status), headers, body, framing)


def _line(stream: BinaryIO) -> str:
    line = stream.readline(65536)
    if not line.endswith(b"\n"):
        raise ProtocolError("the connection was closed in the middle of an answer")
    return line.decode("latin-1").rstrip("\r\n")


def _exactly(stream: BinaryIO, size: int) -> bytes:
    if not 0 <= size <= MAX_BODY:
        raise ProtocolError(f"an answer of {size} bytes")
    data = stream.read(size)
    if len(data) != size:
        raise ProtocolError(f"the answer ends after {len(data)} of {size} bytes")
    return data


def _plain_body(stream: BinaryIO, headers: dict[str, str]) -> bytes:
    length = headers.get("content-length")
    return stream.read(MAX_BODY) if length is None else _exactly(stream, int(length))


def _chunked_body(stream: BinaryIO, n_line: int | None) -> bytes:
    body = b""
    while size := int(_line(stream).split(";")[0], 16):
        body += _exactly(stream, size)
        _line(stream)
        if n_line is not None and body.count(b"\n") >= n_line:
            return body
        if len(body) > MAX_BODY:
            raise ProtocolError(f"an answer of more than {MAX_BODY} bytes")
    while _line(stream):
        pass  # trailers
    return body
