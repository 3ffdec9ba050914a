"""``pyollama serve``: the HTTP server.

uvicorn gets the name of the application, not the application: nothing in this package imports the
HTTP layer. It chooses uvloop and httptools by itself where they are installed.
"""

import contextlib
import logging
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from types import FrameType
from typing import TYPE_CHECKING

import click

from pyollama import __version__
from pyollama.cli.errors import CommandError
from pyollama.cli.help import SERVE_ENVIRONMENT, Cobra, exact
from pyollama.machine import share_arenas
from pyollama.settings import Host, Settings, warn_of_unheeded

if TYPE_CHECKING:
    import uvicorn

__all__ = ["bind", "command", "new_server", "serve"]

APPLICATION = "pyollama_http.app:from_environment"
PROTOCOL = "pyollama_http.protocol:Protocol"
SERVE_REGISTRY = "PYOLLAMA_SERVE_REGISTRY"
BACKLOG = 2048
NICE = 10  # how far the compilation steps back behind everything else
SWITCH_INTERVAL = 0.001  # seconds that a thread may keep the event loop waiting for the interpreter
GRACE = 5  # seconds that running requests get when the server is told to stop

logger = logging.getLogger(__name__)


class Serve(Cobra):
    """serve, whose help lists the variables that a server reads."""

    aliases = "serve, start"
    environment = SERVE_ENVIRONMENT
    examples = (
        "pyollama serve",
        "OLLAMA_HOST=0.0.0.0 OLLAMA_KEEP_ALIVE=1h pyollama serve",
        "OLLAMA_HOST=0.0.0.0 pyollama serve --registry",
    )


@click.command("serve", cls=Serve, short_help="Start Ollama")
@click.argument("arguments", nargs=-1)
@click.option("--registry", is_flag=True, help="Let other machines pull the stored models")
def command(arguments: tuple[str, ...], registry: bool) -> None:
    """Serve on OLLAMA_HOST until SIGINT or SIGTERM."""
    exact(arguments, 0)
    if registry:
        os.environ[SERVE_REGISTRY] = "1"  # the application is known by name, and reads it there
    settings = Settings.from_environ()
    logging.basicConfig(
        stream=sys.stderr,
        level=logging.DEBUG if settings.debug else logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    warn_of_unheeded()
    if settings.serve_registry:
        logger.info("other machines can pull the models of %s from here", settings.models)
    make_key()
    with contextlib.closing(bind(settings.host)) as listener, warming_up():
        serve(listener, settings)


def make_key() -> None:
    """Make the key with which registries are told who asks, if there is none.

    Most registries want none, so a home that cannot be written is no reason not to serve.
    """
    from pyollama.store.registry.key_file import key_path

    path = key_path()
    if path.exists():
        return
    from pyollama.store.errors import StoreError
    from pyollama.store.registry.keys import loaded_key

    click.echo(f"Couldn't find '{path}'. Generating new private key.")
    try:
        key = loaded_key(path)
    except StoreError as error:
        logger.warning("there is no key for registries that want one: %s", error)
    else:
        click.echo(f"Your new public key is: \n\n{key.public_line}\n")


def bind(host: Host) -> socket.socket:
    """Listen at an address; CommandError in Go's words where that is not possible."""
    every = not host.address and socket.has_dualstack_ipv6()
    family = socket.AF_INET6 if every or ":" in host.address else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:  # the empty address takes both families, "::1" only its own
        listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(bool(host.address)))
    try:
        listener.bind((host.address, host.port))
    except OSError as error:
        listener.close()
        reason = (error.strerror or str(error)).lower()
        raise CommandError(f"listen tcp {host.netloc}: bind: {reason}") from error
    listener.listen(BACKLOG)
    return listener


@contextlib.contextmanager
def warming_up() -> Iterator[None]:
    """Compile the kernels meanwhile, in a process of its own that never holds up a request."""
    command = [sys.executable, "-P", "-m", "pyollama", "warmup"]  # -P: not from this folder
    null = subprocess.DEVNULL
    with subprocess.Popen(command, stdin=null, stdout=null, stderr=null) as process:
        if hasattr(os, "setpriority"):
            os.setpriority(os.PRIO_PROCESS, process.pid, NICE)
        try:
            yield
        finally:
            process.terminate()


def serve(listener: socket.socket, settings: Settings) -> None:
    """Answer requests until the process is told to stop."""
    sys.setswitchinterval(SWITCH_INTERVAL)
    share_arenas()
    address, port = listener.getsockname()[:2]
    at = Host(address=address, port=port).netloc
    logger.info("listening on %s (pyollama %s)", at, __version__)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _ignore)  # uvicorn sends them on to us when it has shut down
    new_server(grace=GRACE, access_log=bool(settings.debug)).run(sockets=[listener])


def new_server(*, grace: int, access_log: bool = False) -> "uvicorn.Server":
    """uvicorn with the application; requests that run get grace seconds when it stops."""
    import uvicorn

    config = uvicorn.Config(
        APPLICATION,
        factory=True,
        http=PROTOCOL if find_spec("httptools") else "auto",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=access_log,
        server_header=False,
        timeout_graceful_shutdown=grace,
    )
    return uvicorn.Server(config)


def _ignore(number: int, frame: FrameType | None) -> None:
    """Being told to stop is a normal end of the command."""
