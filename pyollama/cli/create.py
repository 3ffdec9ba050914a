"""``pyollama create``: read a Modelfile, upload the files that it names, make the model."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import click

from pyollama.cli.client import Client
from pyollama.cli.errors import CommandError
from pyollama.cli.help import Cobra, exact
from pyollama.cli.progress import Bar, Copying, Progress, Spinner, show_progress
from pyollama.cli.sources import keyed, local_files, named_files, refuse_shared
from pyollama.settings import Settings

__all__ = ["command"]

NO_MLX = "this model requires MLX support, but the MLX runtime is not available"
HERE = b"FROM .\n"  # what a Modelfile says that is not there
CHUNK = 1 << 20  # bytes hashed at once


class Create(Cobra):
    """create, which takes the new model's name."""

    usage_arguments = "MODEL"
    examples = (
        "pyollama create mine",
        "pyollama create mine -f path/to/Modelfile",
        "printf 'FROM llama3.2\\nSYSTEM Answer in rhymes.\\n' > Modelfile && pyollama create poet",
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
    request, files = read_modelfile(*modelfile_text(modelfile))
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


def modelfile_text(name: str | None) -> tuple[bytes, Path]:
    """A Modelfile and the folder that it speaks of; without one, the model is what lies here."""
    path = Path(name or "Modelfile")
    try:
        return path.read_bytes(), path.parent
    except FileNotFoundError as error:
        if name is None:
            return HERE, Path()
        raise CommandError("specified Modelfile wasn't found") from error
    except OSError as error:
        raise CommandError(f"open {path}: {(error.strerror or '').lower()}") from error


def read_modelfile(text: bytes, folder: Path) -> tuple[dict[str, Any], dict[str, list[Path]]]:
    """The request that a Modelfile asks for, and its files by the field that they belong to."""
    from pyollama_formats.instructions import read_instructions
    from pyollama_formats.modelfile import parse_modelfile

    file = read_instructions(parse_modelfile(text))
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
    files: dict[str, list[Path]] = {"files": [], "adapters": [], "draft_files": []}
    for source in file.from_:
        if local := local_files(source, folder):
            files["files"] += local
        else:
            request["from"] = source  # the last one counts
    if file.adapter:
        files["adapters"] = named_files(file.adapter, folder)
    for draft in file.drafts:
        files["draft_files"] += named_files(draft, folder)
    refuse_shared(files["files"], files["draft_files"])
    return (
        {key: value for key, value in request.items() if value},
        {field: paths for field, paths in files.items() if paths},
    )


def upload_all(client: Client, files: list[Path], progress: Progress) -> Iterator[tuple[str, str]]:
    """Send the files that the server does not have; gives each one's key and digest."""
    for key, path in keyed(files):
        with path.open("rb") as file:
            digest = _digest(file)
            file.seek(0)
            size = path.stat().st_size
            if not client.has_blob(digest):
                copying = Copying(digest, size)
                progress.add(copying)
                for sent in client.upload(digest, file, size):
                    copying.set(sent)
        yield key, digest


def _digest(file: IO[bytes]) -> str:
    """The digest of a file's bytes."""
    digest = hashlib.sha256()
    while chunk := file.read(CHUNK):
        digest.update(chunk)
    return f"sha256:{digest.hexdigest()}"
