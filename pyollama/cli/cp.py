"""``pyollama cp``: another name for a model."""

import click

from pyollama.cli.client import Client
from pyollama.cli.completing import a_model
from pyollama.cli.help import Cobra, exact
from pyollama.settings import Settings

__all__ = ["command"]


class Copy(Cobra):
    """cp, which takes the old name and the new one."""

    usage_arguments = "SOURCE DESTINATION"
    examples = (
        "pyollama cp llama3.2 my-llama",
        "pyollama cp my-llama registry.lan:5000/team/llama",
    )


@click.command("cp", cls=Copy, short_help="Copy a model")
@click.argument("arguments", nargs=-1, shell_complete=a_model)
def command(arguments: tuple[str, ...]) -> None:
    """Store a model under one more name; its files are shared."""
    source, destination = exact(arguments, 2)
    client = Client(Settings.from_environ().host).require()
    client.call("POST", "/api/copy", {"source": source, "destination": destination})
    click.echo(f"copied '{source}' to '{destination}'")
