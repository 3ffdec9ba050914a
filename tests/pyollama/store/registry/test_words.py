"""Errors of the network in Go's words."""

import asyncio
import socket
import ssl

import httpx2
import pytest

from pyollama.store.registry.transport import Trace
from pyollama.store.registry.words import network_words


def trace(stage: str, *, is_proxied: bool = False) -> Trace:
    found = Trace()
    found.stage, found.address, found.is_proxied = stage, ("10.0.0.1", 443), is_proxied
    return found


def caused_by(cause: BaseException) -> Exception:
    error = httpx2.ConnectError("it failed")
    error.__cause__ = OSError("All connection attempts failed")
    error.__cause__.__cause__ = cause
    return error


def verification(code: int) -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_code, error.verify_message = code, "it is odd"
    return error


def tls(reason: str) -> ssl.SSLError:
    error = ssl.SSLError(1, reason)
    error.reason = reason
    return error


@pytest.mark.parametrize(
    ("stage", "error", "words"),
    [
        ("connect_tcp", ConnectionRefusedError(111, "x"),
         "dial tcp 10.0.0.1:443: connect: connection refused"),
        ("connect_tcp", OSError(113, "x"), "dial tcp 10.0.0.1:443: connect: no route to host"),
        ("connect_tcp", ExceptionGroup("all", [OSError(101, "x"), OSError(111, "y")]),
         "dial tcp 10.0.0.1:443: connect: network is unreachable"),
        ("connect_tcp", socket.gaierror(socket.EAI_NONAME, "Name or service not known"),
         "dial tcp: lookup 10.0.0.1: no such host"),
        ("connect_tcp", socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution"),
         "dial tcp: lookup 10.0.0.1: Temporary failure in name resolution"),
        ("start_tls", verification(18),
         "tls: failed to verify certificate: x509: certificate signed by unknown authority"),
        ("start_tls", verification(10),
         "tls: failed to verify certificate: x509: certificate has expired or is not yet valid"),
        ("start_tls", verification(62), "tls: failed to verify certificate: x509: it is odd"),
        ("start_tls", tls("SSLV3_ALERT_HANDSHAKE_FAILURE"), "remote error: tls: handshake failure"),
        ("start_tls", tls("WRONG_VERSION_NUMBER"),
         "http: server gave HTTP response to HTTPS client"),
        ("start_tls", tls("UNEXPECTED_EOF_WHILE_READING"), "EOF"),
        ("start_tls", tls("NO_CIPHERS"), "tls: no ciphers"),
        ("receive_response_headers", ConnectionResetError(104, "x"),
         "read tcp: connection reset by peer"),
    ],
)  # fmt: skip
def test_the_cause_at_its_stage(stage: str, error: BaseException, words: str) -> None:
    assert asyncio.run(network_words(caused_by(error), trace(stage))) == words


@pytest.mark.parametrize(
    ("stage", "error", "words"),
    [
        ("connect_tcp", httpx2.ConnectTimeout(""), "dial tcp 10.0.0.1:443: i/o timeout"),
        ("connect_tcp", TimeoutError(), "dial tcp 10.0.0.1:443: i/o timeout"),
        ("start_tls", httpx2.ConnectTimeout(""), "net/http: TLS handshake timeout"),
        ("receive_response_headers", httpx2.ReadTimeout(""),
         "net/http: timeout awaiting response headers"),
        ("receive_response_body", httpx2.ReadTimeout(""), "context deadline exceeded"),
        ("receive_response_body", httpx2.RemoteProtocolError("peer closed"), "unexpected EOF"),
        ("receive_response_headers", httpx2.RemoteProtocolError("illegal status line"),
         "net/http: HTTP/1.x transport connection broken: illegal status line"),
        ("receive_response_headers", httpx2.ProxyError("403 Forbidden"), "Forbidden"),
    ],
)  # fmt: skip
def test_errors_without_a_cause(stage: str, error: Exception, words: str) -> None:
    assert asyncio.run(network_words(error, trace(stage))) == words


def test_a_proxy_that_cannot_be_reached_is_named_as_such() -> None:
    error = caused_by(ConnectionRefusedError(111, "x"))
    words = asyncio.run(network_words(error, trace("connect_tcp", is_proxied=True)))
    assert words == "proxyconnect tcp: dial tcp 10.0.0.1:443: connect: connection refused"


def test_causes_that_run_in_a_circle_come_to_an_end() -> None:
    error = httpx2.ReadError("x")
    error.__cause__ = OSError("y")
    error.__cause__.__cause__ = error
    assert asyncio.run(network_words(error, trace("receive_response_headers"))) == "EOF"
