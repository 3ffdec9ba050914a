"""The HTTP client of one pull or push, and what it was doing when something failed.

Connections, TLS and HTTP are httpx2's. It is given the proxies that Go would take, follows no
redirect by itself, keeps no cookies of the machine and asks for no compression: a compressed
answer could be a thousand times as large as what was counted.
"""

import asyncio
import platform
import ssl
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx2

from pyollama import OLLAMA_VERSION
from pyollama.store.registry.allowed import AllowList
from pyollama.store.registry.proxies import proxy_of
from pyollama.store.registry.reach import Reach

__all__ = ["Trace", "connected"]

MACHINES = {"x86_64": "amd64", "AMD64": "amd64", "aarch64": "arm64"}
MACHINE = MACHINES.get(platform.machine(), platform.machine())
SYSTEM = "windows" if sys.platform == "win32" else sys.platform
PORTS = {"http": 80, "https": 443}
HEADERS = {
    "User-Agent": f"ollama/{OLLAMA_VERSION} ({MACHINE} {SYSTEM}) Go/go1.26.0",
    "Accept-Encoding": "identity",
}


class Trace:
    """Follows one request: its last stage, whom it dialed, and whether that was a proxy.

    reach is asked of each address that was dialed directly, before anything is sent there.
    """

    def __init__(self) -> None:
        self.stage = ""
        self.address = ("", 0)
        self.is_proxied = False
        self.reach: Reach | None = None

    async def __call__(self, event: str, info: Mapping[str, Any]) -> None:
        """What httpcore reports: ``connection.connect_tcp.started`` and the like."""
        name, _, state = event.rpartition(".")
        stage = name.rpartition(".")[2]
        if (stage, state) == ("connect_tcp", "complete") and not self.is_proxied:
            await self._require_reach(info["return_value"])
        if state != "started" or stage == "response_closed":  # which comes after a failure too
            return
        self.stage = stage
        if self.stage == "connect_tcp":
            self.address = (info["host"], info["port"])

    async def _require_reach(self, stream: Any) -> None:
        """Close a connection that should not be; Hopeless."""
        try:
            if self.reach is not None:
                self.reach.require(*self.address, stream.get_extra_info("server_addr")[0])
        except BaseException:
            await stream.aclose()
            raise


class ByProxy(httpx2.AsyncBaseTransport):
    """Sends each request by the proxy of its own URL: a redirect may need another one."""

    def __init__(self, context: ssl.SSLContext, reach: Reach) -> None:
        self.context = context
        self.reach = reach
        self.routes: dict[str | None, httpx2.AsyncHTTPTransport] = {}

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send one request."""
        proxy = proxy_of(str(request.url))
        if proxy is not None and not proxy.startswith(("http://", "https://")):
            raise httpx2.UnsupportedProtocol(f"no proxy of {proxy.partition(':')[0]} can be used")
        if proxy not in self.routes:
            self.routes[proxy] = httpx2.AsyncHTTPTransport(verify=self.context, proxy=proxy)
        if isinstance(trace := request.extensions.get("trace"), Trace):
            trace.is_proxied = proxy is not None
            trace.reach = self.reach
        if proxy is not None:  # who looks names up himself; an address says where it is
            host = request.url.host
            self.reach.require(host, request.url.port or PORTS[request.url.scheme], host)
        return await self.routes[proxy].handle_async_request(request)

    async def aclose(self) -> None:
        """Close all connections."""
        for route in self.routes.values():
            await route.aclose()


@asynccontextmanager
async def connected(allowed: AllowList | None = None) -> AsyncIterator[httpx2.AsyncClient]:
    """A client; its certificates are the system's, or those of SSL_CERT_FILE."""
    context = await asyncio.to_thread(httpx2.create_ssl_context)
    transport = ByProxy(context, Reach(allowed or AllowList()))
    client = httpx2.AsyncClient(transport=transport, headers=HEADERS, trust_env=False)
    async with client:
        yield client
