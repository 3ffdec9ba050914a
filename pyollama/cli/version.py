"""``pyollama --version``: the version of Ollama that the server is, and ours if it differs."""

import click

from pyollama import OLLAMA_VERSION
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
    if server != OLLAMA_VERSION:
        click.echo(f"Warning: client version is {OLLAMA_VERSION}")
