"""A server inside this process, for a ``run`` that finds none listening.

It listens on a free port of the loopback address and lives as long as the command. The socket is
bound and listening before the application is imported, so the first request simply waits for it.
"""

import contextlib
import logging
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from pyollama.cli.client import Client
from pyollama.cli.errors import CommandError
from pyollama.cli.serve import bind, new_server
from pyollama.settings import Host

if TYPE_CHECKING:
    import uvicorn

__all__ = ["compiled_kernels", "local_server"]

STOP_SECONDS = 5.0


@contextlib.contextmanager
def local_server() -> Iterator[Client]:
    """A client of a server that runs in a thread of its own until the context ends."""
    logging.basicConfig(level=logging.ERROR)  # stderr is for the user of run
    listener = bind(Host(address="127.0.0.1", port=0))
    port = listener.getsockname()[1]  # asked now: a server that fails closes the socket
    server = new_server(grace=1)
    failures: list[BaseException] = []
    thread = threading.Thread(
        target=_serve, args=(server, listener, failures), name="server", daemon=True
    )
    thread.start()
    try:
        yield Client(Host(address="127.0.0.1", port=port))
    except CommandError as error:
        if failures:
            raise CommandError(f"the server could not start: {failures[0]}") from error
        raise
    finally:
        server.should_exit = True
        thread.join(STOP_SECONDS)


def _serve(
    server: "uvicorn.Server", listener: socket.socket, failures: list[BaseException]
) -> None:
    """Run until told to stop; a closed socket tells the client that the start has failed."""
    try:
        server.run(sockets=[listener])
    except BaseException as error:
        failures.append(error)
    finally:
        listener.close()


def compiled_kernels() -> int | None:
    """How many kernels of this version lie compiled on the disk; None while nothing is known.

    For a server in this process: the module is looked at only if the server has imported it.
    """
    jit = sys.modules.get("pyollama_tensor.jit")
    cache_folder = getattr(jit, "cache_folder", None)
    folder: Path | None = cache_folder() if cache_folder else None
    return sum(1 for _ in folder.rglob("*.nbc")) if folder else None
