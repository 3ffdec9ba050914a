"""Who may talk to the server: the checks of the Origin and the Host header.

They keep web pages of other sites, and names that an attacker points at this machine, away from a
server that anyone on the machine may use. The order is Ollama's: first Origin, then Host, then the
routes; 404 and 405 are guarded too, and an existing path tells its methods in Allow even so.
"""

import socket
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pyollama.errors import PyollamaError
from pyollama_http import responses
from pyollama_http.routing import resolution

__all__ = ["BadOrigin", "HostCheck", "OriginCheck", "Origins"]

LOCAL_NAMES = ("localhost", "127.0.0.1", "0.0.0.0")
APP_ORIGINS = ("app://*", "file://*", "tauri://*", "vscode-webview://*", "vscode-file://*")
SCHEMES = (
    "http://", "https://", "chrome-extension://", "safari-extension://", "moz-extension://",
    "ms-browser-extension://",
)  # fmt: skip
STAINLESS = (
    "Arch", "Async", "Custom-Poll-Interval", "Helper-Method", "Lang", "Os", "Package-Version",
    "Poll-Helper", "Retry-Count", "Runtime", "Runtime-Version", "Timeout",
)  # fmt: skip
ALLOWED_HEADERS = (
    "Authorization", "Content-Type", "User-Agent", "Accept", "X-Requested-With", "Openai-Beta",
    *(f"X-Stainless-{name}" for name in STAINLESS),
)  # fmt: skip
PREFLIGHT = {
    "access-control-allow-methods": "GET,POST,PUT,PATCH,DELETE,HEAD,OPTIONS",
    "access-control-allow-headers": ",".join(ALLOWED_HEADERS),
    "access-control-max-age": "43200",
}
PREFLIGHT_VARY = ("Origin", "Access-Control-Request-Method", "Access-Control-Request-Headers")
PRIVATE = [ip_network(n) for n in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")]
LOCAL_DOMAINS = (".localhost", ".local", ".internal")


class BadOrigin(PyollamaError):
    """An entry of OLLAMA_ORIGINS is not an origin."""


@dataclass(frozen=True)
class Origins:
    """The origins that may use the server."""

    any: bool
    exact: frozenset[str]
    wildcards: tuple[tuple[str, str], ...]  # what comes before and after the asterisk

    @classmethod
    def of(cls, entries: Iterable[str]) -> "Origins":
        """The entries of OLLAMA_ORIGINS beside those that are always allowed; BadOrigin."""
        local = [f"{s}://{name}" for s in ("http", "https") for name in LOCAL_NAMES]
        known = [*entries, *local, *(f"{origin}:*" for origin in local), *APP_ORIGINS]
        for entry in known:
            _check_entry(entry)
        exact = frozenset(entry.lower() for entry in known if "*" not in entry)
        parts = [entry.partition("*") for entry in known if "*" in entry]
        return cls("*" in known, exact, tuple((before, after) for before, _, after in parts))

    def allow(self, origin: str) -> bool:
        """Whether requests from there are welcome; the comparison heeds case."""
        if self.any or origin in self.exact:
            return True
        return any(
            origin.startswith(before) and origin.endswith(after) for before, after in self.wildcards
        )


def _check_entry(entry: str) -> None:
    """Raise BadOrigin for an entry that cannot match anything sensible."""
    if entry.count("*") > 1:
        raise BadOrigin(f"OLLAMA_ORIGINS: only one * is allowed in {entry!r}")
    if "*" not in entry and not entry.startswith(SCHEMES):
        raise BadOrigin(
            f"OLLAMA_ORIGINS: {entry!r} must contain * or start with http:// or https://"
        )


class OriginCheck:
    """CORS: refuses unknown origins, answers preflights, marks what goes back to allowed ones."""

    def __init__(self, app: ASGIApp, origins: Origins) -> None:
        self.app = app
        self.origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check one request."""
        headers = Headers(scope=scope) if scope["type"] == "http" else {}
        origin, host = headers.get("origin", ""), headers.get("host", "")
        if not origin or origin in (f"http://{host}", f"https://{host}"):
            await self.app(scope, receive, send)
            return
        allow = resolution(scope).headers
        if not self.origins.allow(origin):
            await responses.empty(403, allow)(scope, receive, send)
        elif scope["method"] == "OPTIONS":
            response = responses.empty(204, PREFLIGHT | allow)
            self._mark(response.headers, origin, PREFLIGHT_VARY)
            await response(scope, receive, send)
        else:
            await self.app(scope, receive, self._marking(send, origin))

    def _marking(self, send: Send, origin: str) -> Send:
        """A send that adds the CORS headers."""

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._mark(MutableHeaders(scope=message), origin, ("Origin",))
            await send(message)

        return marked

    def _mark(self, headers: MutableHeaders, origin: str, vary: Iterable[str]) -> None:
        """Name the origin and what the answer depends on; neither if every origin is allowed."""
        headers["access-control-allow-origin"] = "*" if self.origins.any else origin
        if not self.origins.any:
            for name in vary:
                headers.append("vary", name)


class HostCheck:
    """Refuses host names that are not of this machine, if only this machine can connect."""

    def __init__(self, app: ASGIApp, is_loopback: bool) -> None:
        self.app = app
        self.is_loopback = is_loopback

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check one request."""
        if scope["type"] != "http" or not self.is_loopback:
            await self.app(scope, receive, send)
            return
        host = _without_port(Headers(scope=scope).get("host", ""))
        allow = resolution(scope).headers
        address = _address(host)
        if address is not None and _is_trusted_address(address):
            await self.app(scope, receive, send)
        elif not _is_trusted_name(host):
            await responses.empty(403, allow)(scope, receive, send)
        elif scope["method"] == "OPTIONS":
            await responses.empty(204, allow)(scope, receive, send)
        else:
            await self.app(scope, receive, send)


def _without_port(host: str) -> str:
    """The host of host:port as Go's SplitHostPort cuts it; text without a port stays as it is.

    An IPv6 address in brackets therefore keeps them if it has no port, and is no address then.
    """
    name, colon, port = host.rpartition(":")
    if not colon:
        return host
    if name.startswith("[") and name.endswith("]"):
        return name[1:-1]
    return host if ":" in name or "]" in port or "[" in name else name


def _address(host: str) -> IPv4Address | IPv6Address | None:
    """The IP address that the text is, if it is one."""
    try:
        address = ip_address(host)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _is_trusted_address(address: IPv4Address | IPv6Address) -> bool:
    """Loopback, private, unspecified, or one of this machine's own."""
    if address.is_loopback or address.is_unspecified:
        return True
    return any(address in network for network in PRIVATE) or _is_own(address)


def _is_own(address: IPv4Address | IPv6Address) -> bool:
    """Whether an interface of this machine has the address: then a socket can be bound to it."""
    if address.is_multicast or address == ip_address("255.255.255.255"):
        return False
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((str(address), 0))
    except OSError:
        return False
    return True


def _is_trusted_name(host: str) -> bool:
    """No name at all, this machine's, or one that no public name server can give away."""
    name = host.lower()
    return name in ("", "localhost", socket.gethostname().lower()) or name.endswith(LOCAL_DOMAINS)
