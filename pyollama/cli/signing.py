"""Requests that say who sends them: OLLAMA_AUTH, for a server that is asked over the internet.

Such a request has its time in the query, and in a header the user's public key with a signature of
method, path and time, as registries are told who asks.
"""

import os
import time

from pyollama.cli.errors import CommandError
from pyollama.settings import Host, Variables

__all__ = ["signature", "signs", "stamped"]

ALWAYS = "ollama.com"  # a host that answers nobody else


def signs(host: Host) -> bool:
    """Whether requests to a host are signed."""
    return Variables(os.environ).boolean("OLLAMA_AUTH") or host.address == ALWAYS


def stamped(path: str) -> str:
    """A path with the time, in seconds since 1970."""
    return f"{path}?ts={int(time.time())}"


def signature(method: str, path: str) -> str:
    """The header Authorization of a request; CommandError if the user has no key."""
    from pyollama.store.errors import StoreError
    from pyollama.store.registry.key_file import key_path
    from pyollama.store.registry.keys import loaded_key

    where = key_path()
    if not where.exists():  # a new key would be one that the server does not know
        raise CommandError(f"open {where}: no such file or directory")
    try:
        return loaded_key(where).signature(f"{method},{path}")
    except StoreError as error:
        raise CommandError(str(error)) from error
