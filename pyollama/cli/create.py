"""``pyollama create``: read a Modelfile, upload the files that it names, make the model."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import click

from pyollama.cli.client import Client
from pyollama.cli.errors import CommandError
from pyollama.cli.help import Cobra, exact
from pyollama.cli.progress import Bar, Progress, Spinner, show_progress
from pyollama.settings import Settings

__all__ = ["command"]

CHUNK = 1 << 20  # bytes hashed at once


class Create(Cobra):
    """create, which takes the new model's name."""

    usage_arguments = "MODEL"
    examples = (
        "pyollama create mine",
        "pyollama create mine -f path/to/Modelfile",
        "pyollama create mine-small -f Modelfile --quantize q4_K_M",
    )


@click.command("create", cls=Create, short_help="Create a model")
@click.argument("arguments", nargs=-1)
@click.option(
    *("-f", "--file", "modelfile"),
    metavar="string",
    help='Name of the Modelfile (default "Modelfile")',
    type=click.Path(),
)
@click.option(
    *("-q", "--quantize"),
    metavar="string",
    help="Quantize model to this level (e.g. q4_K_M)",
)
def command(arguments: tuple[str, ...], modelfile: str | None, quantize: str | None) -> None:
    """Make a model from a Modelfile."""
    (name,) = exact(arguments, 1)
    check_name(name)
    path = Path(modelfile or "Modelfile")
    if not path.is_file():
        raise CommandError("specified Modelfile wasn't found")
    request, files = read_modelfile(path)
    client = Client(Settings.from_environ().host).require()
    with Progress() as progress:
        if files:
            request["files"] = dict(upload_all(client, files, progress))
        request |= {"model": name} | ({"quantize": quantize} if quantize else {})
        bars: dict[str, Bar] = {}
        for line in client.stream("/api/create", request):
            show_progress(progress, line, bars)


def check_name(name: str) -> None:
    """CommandError if the name is no model name."""
    from pyollama.errors import BadRequest
    from pyollama.store.names import parse_name

    try:
        parse_name(name)
    except BadRequest as error:
        raise CommandError(f"invalid model name: {name}") from error


def read_modelfile(path: Path) -> tuple[dict[str, Any], list[Path]]:
    """The request that a Modelfile asks for, and the files that have to be uploaded for it."""
    from pyollama_formats.instructions import read_instructions
    from pyollama_formats.modelfile import parse_modelfile

    file = read_instructions(parse_modelfile(path.read_bytes()))
    for parameter in file.deprecated:
        click.echo(f"warning: parameter {parameter} is deprecated")
    request: dict[str, Any] = {
        "template": file.template,
        "system": file.system,
        "license": file.licenses,
        "renderer": file.renderer,
        "parser": file.parser,
        "requires": file.requires,
        "parameters": file.parameters,
        "messages": [{"role": role, "content": text} for role, text in file.messages],
    }
    if file.adapter or file.drafts:
        raise CommandError("adapters and draft models are not supported by this version")
    files = []
    for source in file.from_:
        local = local_file(source, path.parent)
        if local is None:
            request["from"] = source
        else:
            files.append(local)
    return {key: value for key, value in request.items() if value}, files


def local_file(source: str, folder: Path) -> Path | None:
    """The file that FROM means, None if it means a model; a local file wins over a model's name."""
    path = folder / Path(source).expanduser()
    if path.is_dir():
        raise CommandError("making a model from a folder is not supported by this version")
    return path if path.is_file() else None


def upload_all(client: Client, files: list[Path], progress: Progress) -> Iterator[tuple[str, str]]:
    """Send the files that the server does not have; gives each one's key and digest."""
    progress.add(Spinner("gathering model components"))
    for path in files:
        with path.open("rb") as file:
            digest = _digest(file)
            file.seek(0)
            size = path.stat().st_size
            if not client.has_blob(digest):
                bar = Bar(f"copying file {digest[:19]}", size)
                progress.add(bar)
                for sent in client.upload(digest, file, size):
                    bar.set(sent)
        yield path.name, digest


def _digest(file: IO[bytes]) -> str:
    """The digest of a file's bytes."""
    digest = hashlib.sha256()
    while chunk := file.read(CHUNK):
        digest.update(chunk)
    return f"sha256:{digest.hexdigest()}"
