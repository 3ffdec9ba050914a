"""What Go's net/http says when a request fails, said of what httpx2 raises.

    dial tcp 127.0.0.1:9: connect: connection refused
    proxyconnect tcp: dial tcp: lookup proxy.example: no such host
    tls: failed to verify certificate: x509: certificate signed by unknown authority

Sources: the error types of Go's net, crypto/tls and crypto/x509, transport.go of net/http.
"""

import asyncio
import os
import socket
import ssl
from collections.abc import Iterator
from typing import TypeVar

import httpx2

from pyollama.store.registry.transport import Trace

__all__ = ["network_words"]

E = TypeVar("E", bound=BaseException)

NO_SUCH_HOST = {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}
UNTRUSTED = "x509: certificate signed by unknown authority"
CERTIFICATE = {  # by OpenSSL's X509_V_ERR codes
    9: "x509: certificate has expired or is not yet valid",
    10: "x509: certificate has expired or is not yet valid",
    18: UNTRUSTED,
    19: UNTRUSTED,
    20: UNTRUSTED,
    21: UNTRUSTED,
}


async def network_words(error: BaseException, trace: Trace) -> str:
    """Go's words for an error of httpx2 that came up while the trace was taken."""
    if isinstance(error, httpx2.ProxyError):  # "403 Forbidden": what the proxy said to CONNECT
        return str(error).partition(" ")[2] or str(error)
    if trace.stage == "connect_tcp":
        prefix = "proxyconnect tcp: " if trace.is_proxied else ""
        return prefix + await _dial_words(error, *trace.address)
    if trace.stage == "start_tls":
        return _tls_words(error)
    if trace.stage == "receive_response_body":
        return _body_words(error)
    return _http_words(error)


async def _dial_words(error: BaseException, host: str, port: int) -> str:
    """Why nobody could be reached. Go names the address, which is looked up again for that."""
    if (unknown := _first(error, socket.gaierror)) is not None:
        is_absent = unknown.errno in NO_SUCH_HOST
        reason = "no such host" if is_absent else unknown.strerror or str(unknown)
        return f"dial tcp: lookup {host}: {reason}"
    address = await _address(host, port)
    if isinstance(error, TimeoutError | httpx2.TimeoutException):
        return f"dial tcp {address}: i/o timeout"
    return f"dial tcp {address}: connect: {_reason(error) or 'connection refused'}"


async def _address(host: str, port: int) -> str:
    """The first address of a host, as Go writes it."""
    try:
        loop = asyncio.get_running_loop()
        host = str((await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM))[0][4][0])
    except OSError:
        pass  # it could be found a moment ago; its name says enough
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _tls_words(error: BaseException) -> str:
    """Why a connection could not be made secret."""
    if isinstance(error, TimeoutError | httpx2.TimeoutException):
        return "net/http: TLS handshake timeout"
    if (bad := _first(error, ssl.SSLCertVerificationError)) is not None:
        reason = CERTIFICATE.get(bad.verify_code, f"x509: {bad.verify_message}")
        return f"tls: failed to verify certificate: {reason}"
    reason = getattr(_first(error, ssl.SSLError), "reason", None) or ""
    if reason == "WRONG_VERSION_NUMBER":  # so it is for every text that is not TLS
        return "http: server gave HTTP response to HTTPS client"
    if "_ALERT_" in reason:
        return f"remote error: tls: {_spoken(reason.partition('_ALERT_')[2])}"
    return f"tls: {_spoken(reason)}" if reason and "EOF" not in reason else "EOF"


def _http_words(error: BaseException) -> str:
    """What went wrong with a request that had somebody to talk to."""
    if isinstance(error, httpx2.UnsupportedProtocol):
        return str(error)
    if isinstance(error, httpx2.TimeoutException):
        return "net/http: timeout awaiting response headers"
    if (reason := _reason(error)) is not None:
        return f"read tcp: {reason}"
    if isinstance(error, httpx2.RemoteProtocolError) and "disconnected" not in str(error):
        return f"net/http: HTTP/1.x transport connection broken: {error}"
    return "EOF"


def _body_words(error: BaseException) -> str:
    """Why an answer that had begun did not end."""
    if isinstance(error, TimeoutError | httpx2.TimeoutException):
        return "context deadline exceeded"
    reason = _reason(error)
    return f"read tcp: {reason}" if reason else "unexpected EOF"


def _reason(error: BaseException) -> str | None:
    """The words of the system's error number behind an error, in Go's small letters."""
    found = (each.errno for each in _chain(error) if isinstance(each, OSError) and each.errno)
    number = next(found, None)
    return None if number is None else os.strerror(number).lower()


def _first(error: BaseException, kind: type[E]) -> E | None:
    """The first error of a kind among what led to an error."""
    return next((each for each in _chain(error) if isinstance(each, kind)), None)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An error and its causes, each once."""
    seen: list[BaseException] = []
    waiting = [error]
    while waiting:
        each = waiting.pop(0)
        if any(each is known for known in seen):
            continue
        seen.append(each)
        yield each
        causes = [each.__cause__ or each.__context__, *getattr(each, "exceptions", ())]
        waiting += [cause for cause in causes if cause is not None]


def _spoken(constant: str) -> str:
    """HANDSHAKE_FAILURE as "handshake failure"."""
    return constant.replace("_", " ").lower()
