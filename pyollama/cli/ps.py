"""``pyollama ps``: the models that are loaded."""

from datetime import UTC, datetime
from typing import Any

import click

from pyollama.cli.client import Client
from pyollama.cli.help import Cobra
from pyollama.cli.human import human_bytes, human_time, parse_time, table
from pyollama.settings import Settings

__all__ = ["command", "processor"]

HEADER = ("NAME", "ID", "SIZE", "PROCESSOR", "CONTEXT", "UNTIL")


class Loaded(Cobra):
    """ps, which may be given the beginning of a name."""

    examples = ("pyollama ps", "pyollama ps llama")


@click.command("ps", cls=Loaded, short_help="List running models")
@click.argument("arguments", nargs=-1)
def command(arguments: tuple[str, ...]) -> None:
    """Print a table of the loaded models whose names begin with the argument."""
    prefix = (arguments or ("",))[0]
    models = Client(Settings.from_environ().host).require().call("GET", "/api/ps")["models"]
    rows = [_row(model) for model in models if model["name"].startswith(prefix)]
    click.echo(table(HEADER, rows))


def _row(model: dict[str, Any]) -> tuple[str, ...]:
    expires = parse_time(model["expires_at"])
    until = human_time(expires) if expires > datetime.now(UTC) else "Stopping..."
    return (
        model["name"],
        model["digest"][:12],
        human_bytes(model["size"]),
        processor(model["size"], model["size_vram"]),
        str(model["context_length"]),
        until,
    )


def processor(size: int, vram: int) -> str:
    """Where a model lies, as shares of CPU and GPU memory."""
    if vram == 0:
        return "100% CPU"
    if vram == size:
        return "100% GPU"
    if vram > size or size == 0:
        return "Unknown"
    cpu = round((size - vram) / size * 100)
    return f"{cpu}%/{100 - cpu}% CPU/GPU"
