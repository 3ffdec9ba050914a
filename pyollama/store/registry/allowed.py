"""Which registries may be talked to: what PYOLLAMA_ALLOW_REGISTRIES lists, or all.

    registry.ollama.ai, *.example.com, localhost:5000

An entry with a port stands for that port alone, ``*.`` for every host below a domain.
"""

from collections.abc import Sequence

from pyollama.errors import Forbidden

__all__ = ["AllowList"]


class AllowList:
    """Hosts, in any case; None lists nobody and allows all."""

    def __init__(self, entries: Sequence[str] | None = None) -> None:
        self.is_open = entries is None
        self.entries = [entry.strip().lower() for entry in entries or () if entry.strip()]

    def lists(self, host: str) -> bool:
        """Whether an entry stands for ``host[:port]``."""
        whole = host.lower()
        name, _, port = whole.rpartition(":")
        bare = name if port.isdigit() else whole
        return any(_matches(entry, whole) or _matches(entry, bare) for entry in self.entries)

    def require(self, host: str) -> None:
        """Forbidden unless a registry may be talked to."""
        if not (self.is_open or self.lists(host)):
            raise Forbidden(f'registry "{host}" is not in PYOLLAMA_ALLOW_REGISTRIES')


def _matches(entry: str, host: str) -> bool:
    return host.endswith(entry[1:]) if entry.startswith("*.") else host == entry
