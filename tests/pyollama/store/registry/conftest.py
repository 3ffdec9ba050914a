"""A registry to talk to, a port where nobody listens, and an environment without proxies."""

import socket
import ssl
from collections.abc import Iterator

import httpx2
import pytest
from fake_registry import FakeRegistry, fake_registry


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture(scope="session")
def system_certificates() -> ssl.SSLContext:
    return httpx2.create_ssl_context()


@pytest.fixture(autouse=True)
def certificates_read_once(
    system_certificates: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading them takes longer than most tests, of which few need any."""
    monkeypatch.setattr(httpx2, "create_ssl_context", lambda: system_certificates)


@pytest.fixture
def registry() -> Iterator[FakeRegistry]:
    with fake_registry() as found:
        yield found


@pytest.fixture
def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port
