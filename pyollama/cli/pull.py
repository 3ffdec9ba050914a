"""``pyollama pull``: fetch a model from its registry."""

import click

from pyollama.cli.client import Client
from pyollama.cli.completing import a_model
from pyollama.cli.help import Cobra, exact
from pyollama.cli.progress import Bar, Progress, show_progress
from pyollama.settings import Settings

__all__ = ["command", "pull"]


class Pull(Cobra):
    """pull, which takes one model."""

    usage_arguments = "MODEL"
    examples = (
        "pyollama pull llama3.2",
        "pyollama pull llama3.2:1b",
        "pyollama pull --insecure registry.lan:5000/team/llama",
    )


@click.command("pull", cls=Pull, short_help="Pull a model from a registry")
@click.argument("arguments", nargs=-1, shell_complete=a_model)
@click.option("--insecure", is_flag=True, help="Use an insecure registry")
def command(arguments: tuple[str, ...], insecure: bool) -> None:
    """Fetch what the store does not have of a model; an interrupted pull goes on where it was."""
    (name,) = exact(arguments, 1)
    pull(Client(Settings.from_environ().host).require(), name, insecure=insecure)


def pull(client: Client, name: str, *, insecure: bool) -> None:
    """Pull a model with its progress on stderr."""
    bars: dict[str, Bar] = {}
    with Progress() as progress:
        for line in client.stream("/api/pull", {"model": name, "insecure": insecure}):
            if not line.get("digest") or line.get("completed"):  # a bar begins with its first byte
                show_progress(progress, line, bars)
