"""How far inwards a registry may lead us: never nearer to this machine than it is itself.

A redirect is a request that somebody else words and that comes from here, where routers, databases
and the metadata of clouds listen that nobody outside can reach. So a registry in the world may send
us into the world, one in a private network there as well, and one on this machine anywhere. What
counts is the address that was dialed, and it is looked at before a byte is sent: a name that means
another address a moment later gains nothing. Ollama goes wherever it is sent.
"""

from enum import IntEnum
from ipaddress import IPv6Address, ip_address

from pyollama.store.registry.allowed import AllowList
from pyollama.store.registry.retries import Hopeless

__all__ = ["Distance", "Reach", "distance"]


class Distance(IntEnum):
    """How far away an address is."""

    HERE = 0  # this machine
    LINK = 1  # this cable, where clouds tell a machine its secrets
    PRIVATE = 2
    WORLD = 3


def distance(host: str) -> Distance:
    """The distance of an address; a name, which only a proxy looks up, could be in the WORLD."""
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return Distance.HERE if host.lower() == "localhost" else Distance.WORLD
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    if address.is_loopback or address.is_unspecified:
        return Distance.HERE
    if address.is_link_local:
        return Distance.LINK
    return Distance.WORLD if address.is_global else Distance.PRIVATE


class Reach:
    """The bounds of one pull or push: its first connection, to the registry, draws them.

    Hosts that the list names may be anywhere.
    """

    def __init__(self, allowed: AllowList) -> None:
        self.allowed = allowed
        self.nearest: Distance | None = None

    def require(self, host: str, port: int, address: str) -> None:
        """Hopeless if a host whose address this is lies too far inwards."""
        found = distance(address)
        if self.nearest is None:
            self.nearest = found
        if found < self.nearest and not self.allowed.lists(f"{host}:{port}"):
            raise Hopeless(f"the registry leads to {host}:{port}, which is in a private network")
