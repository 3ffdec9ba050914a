"""``pyollama export``: a model as one file. It reads the store, and needs no server."""

import click
from msgspec.structs import asdict

from pyollama.cli.completing import a_model_and_files
from pyollama.cli.help import STORE_ENVIRONMENT, Cobra, exact
from pyollama.cli.progress import Bar, Progress, show_progress
from pyollama.cli.unwinding import unwinding
from pyollama.settings import Settings

__all__ = ["command"]


class Export(Cobra):
    """export, which takes a model and a file."""

    usage_arguments = "MODEL FILE|-"
    long = (
        "Write a model to one file, from which import takes it on another machine.\n\n"
        "The file is a tar archive in OCI image layout, with the digest of everything in it. The\n"
        "models directory is read directly: no server is needed, and one may be running."
    )
    examples = (
        "pyollama export llama3.2 llama3.2.tar",
        "pyollama export llama3.2 - | ssh other pyollama import -",
    )
    environment = STORE_ENVIRONMENT


@click.command("export", cls=Export, short_help="Write a model to a file")
@click.argument("arguments", nargs=-1, shell_complete=a_model_and_files)
def command(arguments: tuple[str, ...]) -> None:
    """Write a model with its progress on stderr; the file appears when it is whole."""
    model, path = exact(arguments, 2)
    from pyollama.cli.destination import STANDARD, destination
    from pyollama.store import Store, parse_name
    from pyollama.store.archive.exporting import export

    store, name = Store(Settings.from_environ().models), parse_name(model)
    bars: dict[str, Bar] = {}
    with unwinding(), destination(path) as out, Progress() as progress:
        for line in export(store, name, out):
            show_progress(progress, asdict(line), bars)
    if path != STANDARD:
        click.echo(f"exported '{model}' to '{path}'")
