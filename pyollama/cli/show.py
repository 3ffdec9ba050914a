"""``pyollama show``: what a model is."""

from typing import Any

import click

from pyollama.cli.client import Client
from pyollama.cli.completing import a_model
from pyollama.cli.errors import CommandError
from pyollama.cli.help import Cobra, exact
from pyollama.cli.information import information
from pyollama.settings import Settings

__all__ = ["command"]

SECTIONS = ("license", "modelfile", "parameters", "system", "template")
WITH_NEWLINE = ("license", "modelfile", "parameters")


class Show(Cobra):
    """show, which takes one model."""

    usage_arguments = "MODEL"
    examples = (
        "pyollama show llama3.2",
        "pyollama show --verbose llama3.2",
        "pyollama show --modelfile llama3.2 > Modelfile",
    )


@click.command("show", cls=Show, short_help="Show information for a model")
@click.argument("arguments", nargs=-1, shell_complete=a_model)
@click.option("--license", is_flag=True, help="Show license of a model")
@click.option("--modelfile", is_flag=True, help="Show Modelfile of a model")
@click.option("--parameters", is_flag=True, help="Show parameters of a model")
@click.option("--template", is_flag=True, help="Show template of a model")
@click.option("--system", is_flag=True, help="Show system message of a model")
@click.option("-v", "--verbose", is_flag=True, help="Show detailed model information")
def command(arguments: tuple[str, ...], verbose: bool, **sections: bool) -> None:
    """Print one section of a model, or an overview."""
    (name,) = exact(arguments, 1)
    chosen = [section for section in SECTIONS if sections[section]]
    if len(chosen) > 1:
        listed = "', '--".join(SECTIONS[:-1])
        raise CommandError(f"only one of '--{listed}', or '--template' can be specified")
    client = Client(Settings.from_environ().host).require()
    answer: dict[str, Any] = client.call("POST", "/api/show", {"model": name, "verbose": verbose})
    if chosen:
        click.echo(answer.get(chosen[0], ""), nl=chosen[0] in WITH_NEWLINE)
    else:
        click.echo(information(answer, verbose=verbose), nl=False)
