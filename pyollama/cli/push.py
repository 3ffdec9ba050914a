"""``pyollama push``: give a model to a registry."""

import click

from pyollama.cli.client import Client
from pyollama.cli.completing import a_model
from pyollama.cli.errors import ApiError, CommandError
from pyollama.cli.help import Cobra, exact
from pyollama.cli.progress import Bar, Progress, show_progress
from pyollama.settings import Settings

__all__ = ["command", "destination"]

WEBSITE = "https://ollama.com/"
WEBSITE_HOSTS = (".ollama.ai", ".ollama.com")  # how the names of registries behind it end
REFUSALS = ("access denied", "unauthorized")
NOT_YOURS = (
    "you are not authorized to push to this namespace, create the model under a namespace you own"
)


class Push(Cobra):
    """push, which takes one model."""

    usage_arguments = "MODEL"
    examples = (
        "pyollama cp my-llama registry.lan:5000/team/llama",
        "pyollama push --insecure registry.lan:5000/team/llama",
    )


@click.command("push", cls=Push, short_help="Push a model to a registry")
@click.argument("arguments", nargs=-1, shell_complete=a_model)
@click.option("--insecure", is_flag=True, help="Use an insecure registry")
def command(arguments: tuple[str, ...], insecure: bool) -> None:
    """Send what the registry does not have of a model, and say where it can be found."""
    (name,) = exact(arguments, 1)
    client = Client(Settings.from_environ().host).require()
    try:
        push(client, name, insecure=insecure)
    except ApiError as error:
        if any(words in str(error) for words in REFUSALS):
            raise CommandError(NOT_YOURS) from error
        raise
    click.echo(f"\nYou can find your model at:\n\n\t{destination(name)}")


def push(client: Client, name: str, *, insecure: bool) -> None:
    """Push a model with its progress on stderr."""
    bars: dict[str, Bar] = {}
    with Progress() as progress:
        for line in client.stream("/api/push", {"model": name, "insecure": insecure}):
            show_progress(progress, line, bars, colon="")


def destination(name: str) -> str:
    """Where a pushed model is: its page on the website, or its full name in another registry."""
    from pyollama.store.names import unchecked_name

    parts = unchecked_name(name)
    if parts.host.endswith(WEBSITE_HOSTS):
        return WEBSITE + parts.short.removesuffix(":latest")
    return parts.full
