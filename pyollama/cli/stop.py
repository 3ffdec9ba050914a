"""``pyollama stop``: unload a model."""

import click

from pyollama.cli.client import Client
from pyollama.cli.completing import running_model
from pyollama.cli.errors import ApiError, CommandError
from pyollama.cli.help import Cobra, exact
from pyollama.settings import Settings

__all__ = ["command", "unload"]


class Stop(Cobra):
    """stop, which takes one model."""

    usage_arguments = "MODEL"
    examples = ("pyollama stop llama3.2",)


@click.command("stop", cls=Stop, short_help="Stop a running model")
@click.argument("arguments", nargs=-1, shell_complete=running_model)
def command(arguments: tuple[str, ...]) -> None:
    """Unload a model; one that is stored but not loaded is fine."""
    (name,) = exact(arguments, 1)
    try:
        unload(Client(Settings.from_environ().host).require(), name)
    except ApiError as error:
        if "not found" in str(error):
            raise CommandError(f'couldn\'t find model "{name}" to stop') from error
        raise


def unload(client: Client, name: str) -> None:
    """Ask the server to unload a model as soon as it is idle."""
    client.call("POST", "/api/generate", {"model": name, "keep_alive": 0, "stream": False})
