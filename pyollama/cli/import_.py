"""``pyollama import``: a model from a file. It writes to the store, and needs no server."""

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import click
from msgspec.structs import asdict

from pyollama.cli.completing import a_file
from pyollama.cli.errors import CommandError
from pyollama.cli.help import STORE_ENVIRONMENT, Cobra
from pyollama.cli.progress import Bar, Progress, Spinner, show_progress
from pyollama.cli.unwinding import unwinding
from pyollama.settings import Settings

__all__ = ["command"]

STANDARD = "-"


class Import(Cobra):
    """import, which takes a file and perhaps a name."""

    usage_arguments = "FILE|- [NAME]"
    long = (
        "Take a model from a file that export has written, under its own name or another one.\n\n"
        "Every digest is checked before anything of the model can be seen. A model that has the\n"
        "name already is replaced, as pull replaces it. The models directory is written directly,\n"
        "so this is for the user who owns it; a server that is running sees the model at once."
    )
    examples = (
        "pyollama import llama3.2.tar",
        "pyollama import llama3.2.tar my-llama",
        "ssh other pyollama export llama3.2 - | pyollama import -",
    )
    environment = STORE_ENVIRONMENT


@click.command("import", cls=Import, short_help="Take a model from a file")
@click.argument("arguments", nargs=-1, shell_complete=a_file)
def command(arguments: tuple[str, ...]) -> None:
    """Read a model with its progress on stderr: all of it, or nothing."""
    if not 1 <= len(arguments) <= 2:
        raise click.UsageError(f"accepts 1 or 2 arg(s), received {len(arguments)}")
    from pyollama.store import Store, parse_name
    from pyollama.store.archive import importing

    settings = Settings.from_environ()
    store = Store(settings.models, no_prune=settings.no_prune)
    name = parse_name(arguments[1]) if len(arguments) == 2 else None
    bars: dict[str, Bar] = {}
    with (
        unwinding(),
        source(arguments[0]) as file,
        importing.Import(store, name) as new,
        Progress() as progress,
    ):
        for line in new.read(file):
            show_progress(progress, asdict(line), bars)
        progress.add(Spinner("writing manifest"))
        name = new.finish()
    click.echo(f"imported '{name}'")


@contextlib.contextmanager
def source(path: str) -> Iterator[BinaryIO]:
    """A file to read, or standard input for "-"; CommandError for what cannot be read."""
    try:
        if path == STANDARD:
            yield sys.stdin.buffer
        else:
            with Path(path).open("rb") as file:
                yield file
    except OSError as error:
        raise CommandError(f"read {path}: {(error.strerror or str(error)).lower()}") from error
