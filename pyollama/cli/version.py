"""``pyollama --version``: the version of the server, and ours if it differs."""

import click

from pyollama import __version__
from pyollama.cli.client import Client
from pyollama.cli.errors import CommandError
from pyollama.settings import Settings

__all__ = ["print_version"]


def print_version() -> None:
    """Ask the server; without one there is a warning and our own version."""
    try:
        server = Client(Settings.from_environ().host).call("GET", "/api/version")["version"]
    except (CommandError, LookupError, TypeError):
        click.echo("Warning: could not connect to a running Ollama instance")
        server = ""
    if server:
        click.echo(f"ollama version is {server}")
    if server != __version__:
        click.echo(f"Warning: client version is {__version__}")
