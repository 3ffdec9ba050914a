"""``pyollama list``: the models in the store."""

import click

from pyollama.cli.client import Client
from pyollama.cli.help import Cobra
from pyollama.cli.human import human_bytes, human_time, parse_time, table
from pyollama.settings import Settings

__all__ = ["command", "models_table"]


class List(Cobra):
    """list, which may be given the beginning of a name."""

    aliases = "list, ls"
    examples = (
        "pyollama list",
        "pyollama list llama",
    )


@click.command("list", cls=List, short_help="List models")
@click.argument("arguments", nargs=-1)
def command(arguments: tuple[str, ...]) -> None:
    """Print a table of the models whose names begin with the argument, in any case."""
    client = Client(Settings.from_environ().host).require()
    click.echo(models_table(client, (arguments or ("",))[0]))


def models_table(client: Client, prefix: str) -> str:
    """The models whose names begin with the prefix, in any case."""
    rows = [
        (
            model["name"],
            model["digest"][:12],
            "-" if model.get("remote_model") else human_bytes(model["size"]),
            human_time(parse_time(model["modified_at"])),
        )
        for model in client.call("GET", "/api/tags")["models"]
        if model["name"].lower().startswith(prefix.lower())
    ]
    return table(("NAME", "ID", "SIZE", "MODIFIED"), rows)
