"""``pyollama rm``: delete models."""

import click

from pyollama.cli.client import Client
from pyollama.cli.completing import models
from pyollama.cli.errors import ApiError
from pyollama.cli.help import Cobra, minimum
from pyollama.cli.stop import unload
from pyollama.settings import Settings

__all__ = ["command"]

NOT_FOUND = 404


class Remove(Cobra):
    """rm, which takes any number of models."""

    usage_arguments = "MODEL [MODEL...]"
    examples = (
        "pyollama rm llama3.2",
        "pyollama rm llama3.2:1b mine",
    )


@click.command("rm", cls=Remove, short_help="Remove a model")
@click.argument("arguments", nargs=-1, shell_complete=models)
def command(arguments: tuple[str, ...]) -> None:
    """Unload and delete each model; the first that fails ends the command."""
    names = minimum(arguments, 1)
    client = Client(Settings.from_environ().host).require()
    for name in names:
        try:
            unload(client, name)
        except ApiError as error:
            if error.status != NOT_FOUND:
                click.echo(f"Warning: unable to stop model '{name}'", err=True)
        client.call("DELETE", "/api/delete", {"model": name})
        click.echo(f"deleted '{name}'")
