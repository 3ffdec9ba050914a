"""Which proxy a request takes, as Go reads HTTPS_PROXY, HTTP_PROXY and NO_PROXY.

Upper case is looked at first, ALL_PROXY never; this machine itself is always reached directly.
Source: FromEnvironment of golang.org/x/net/http/httpproxy.
"""

import os
from collections.abc import Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import SplitResult, urlsplit

__all__ = ["proxy_of"]

Address = IPv4Address | IPv6Address | None
PORTS = {"http": 80, "https": 443}


def proxy_of(url: str, environ: Mapping[str, str] = os.environ) -> str | None:
    """The URL of the proxy for a request to this URL; None to go directly."""
    target = urlsplit(url)
    if target.scheme not in PORTS:
        return None
    proxy = _proxy_url(_variable(environ, f"{target.scheme}_proxy"))
    if proxy is None or _is_exempt(target, _variable(environ, "no_proxy")):
        return None
    return proxy


def _variable(environ: Mapping[str, str], name: str) -> str:
    """The upper case form of a variable, else the lower case one, else nothing."""
    return environ.get(name.upper()) or environ.get(name, "")


def _proxy_url(text: str) -> str | None:
    """A proxy's URL; without a scheme it is http. What is no URL is no proxy."""
    url = text if "://" in text else f"http://{text}"
    try:
        parts = urlsplit(url)
        return url if parts.hostname and parts.port != 0 else None
    except ValueError:
        return None


def _is_exempt(target: SplitResult, no_proxy: str) -> bool:
    """Whether a host is reached directly: this machine, and what NO_PROXY lists."""
    host = (target.hostname or "").lower()
    address = _address(host)
    if host == "localhost" or (address is not None and address.is_loopback):
        return True
    port = str(target.port or PORTS[target.scheme])
    entries = (entry.strip().lower() for entry in no_proxy.split(","))
    return any(_matches(entry, host, port, address) for entry in entries if entry)


def _matches(entry: str, host: str, port: str, address: Address) -> bool:
    """Whether one entry of NO_PROXY covers a host: *, 10.0.0.0/8, ::1, h, .h, *.h, each with :port.

    A domain covers its subdomains; with a dot or ``*.`` before it, these alone.
    """
    if entry == "*":
        return True
    if "/" in entry:
        return address is not None and _is_in_network(address, entry)
    listed, listed_port = _host_and_port(entry)
    if listed_port not in ("", port):
        return False
    if (listed_address := _address(listed)) is not None:
        return address == listed_address
    domain = listed.removeprefix("*")
    if not domain:
        return False
    return host.endswith(domain if domain.startswith(".") else f".{domain}") or host == domain


def _is_in_network(address: IPv4Address | IPv6Address, entry: str) -> bool:
    try:
        return address in ip_network(entry, strict=False)
    except ValueError:
        return False


def _host_and_port(entry: str) -> tuple[str, str]:
    """Cut an entry at its port, if it has one; an IPv6 address with a port stands in brackets."""
    if entry.startswith("["):
        host, _, rest = entry[1:].partition("]")
        return host, rest.removeprefix(":")
    if entry.count(":") == 1:
        host, _, port = entry.partition(":")
        return host, port
    return entry, ""


def _address(text: str) -> Address:
    """The IP address that a text is, or None."""
    try:
        return ip_address(text)
    except ValueError:
        return None
