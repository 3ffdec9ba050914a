"""``pyollama create``: read a Modelfile, upload the files that it names, make the model."""

import hashlib
import os
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

NO_MLX = "this model requires MLX support, but the MLX runtime is not available"
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
@click.option(
    "--draft-quantize",
    metavar="string",
    help="Quantize draft model to this level (e.g. q4_K_M)",
)
@click.option("--experimental", is_flag=True, help="Enable experimental safetensors model creation")
def command(
    arguments: tuple[str, ...],
    modelfile: str | None,
    quantize: str | None,
    draft_quantize: str | None,
    experimental: bool,
) -> None:
    """Make a model from a Modelfile."""
    (name,) = exact(arguments, 1)
    check_name(name)
    if experimental:
        raise CommandError(NO_MLX)
    path = Path(modelfile or "Modelfile")
    if not path.is_file():
        raise CommandError("specified Modelfile wasn't found")
    request, files = read_modelfile(path)
    if draft_quantize and "draft_files" not in files:
        raise CommandError("--draft-quantize requires a DRAFT model")
    client = Client(Settings.from_environ().host).require()
    with Progress() as progress:
        progress.add(Spinner("gathering model components"))
        for field, paths in files.items():
            request[field] = dict(upload_all(client, paths, progress))
        wanted = {"model": name, "quantize": quantize, "draft_quantize": draft_quantize}
        request |= {key: value for key, value in wanted.items() if value}
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


def read_modelfile(path: Path) -> tuple[dict[str, Any], dict[str, list[Path]]]:
    """The request that a Modelfile asks for, and its files by the field that they belong to."""
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
    sources = {source: local_file(source, path.parent) for source in file.from_}
    for source, local in sources.items():
        if local is None:
            request["from"] = source
    files = {
        "files": [local for local in sources.values() if local],
        "adapters": [named_file(file.adapter, path.parent)] if file.adapter else [],
        "draft_files": [named_file(draft, path.parent) for draft in file.drafts],
    }
    refuse_shared(files["files"], files["draft_files"])
    return (
        {key: value for key, value in request.items() if value},
        {field: paths for field, paths in files.items() if paths},
    )


def local_file(source: str, folder: Path) -> Path | None:
    """The file that FROM means, None if it means a model; a local file wins over a model's name."""
    path = folder / Path(source).expanduser()
    if path.is_dir():
        raise CommandError("making a model from a folder is not supported by this version")
    return path if path.is_file() else None


def named_file(source: str, folder: Path) -> Path:
    """The file that ADAPTER or DRAFT means, which must exist."""
    path = local_file(source, folder)
    if path is None:
        raise CommandError(f"stat {folder / source}: no such file or directory")
    return path


def refuse_shared(files: list[Path], drafts: list[Path]) -> None:
    """CommandError if a draft model is the model itself."""
    own = {path.resolve() for path in files}
    for path in drafts:
        if path.resolve() in own:
            raise CommandError(f"DRAFT must not reference the same local path as FROM: {path}")


def upload_all(client: Client, files: list[Path], progress: Progress) -> Iterator[tuple[str, str]]:
    """Send the files that the server does not have; gives each one's key and digest."""
    for key, path in keyed(files):
        with path.open("rb") as file:
            digest = _digest(file)
            file.seek(0)
            size = path.stat().st_size
            if not client.has_blob(digest):
                bar = Bar(f"copying file {digest[:19]}", size)
                progress.add(bar)
                for sent in client.upload(digest, file, size):
                    bar.set(sent)
        yield key, digest


def keyed(files: list[Path]) -> list[tuple[str, Path]]:
    """Each file with its path from the folder that all of them lie under."""
    places = [Path(os.path.normpath(Path.cwd() / path)) for path in files]
    root = os.path.commonpath([place.parent for place in places])
    return [(place.relative_to(root).as_posix(), place) for place in places]


def _digest(file: IO[bytes]) -> str:
    """The digest of a file's bytes."""
    digest = hashlib.sha256()
    while chunk := file.read(CHUNK):
        digest.update(chunk)
    return f"sha256:{digest.hexdigest()}"
