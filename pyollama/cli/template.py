"""``pyollama template``: the prompt of a conversation, each way that the model could write it.

It reads the store, and needs neither a server nor the weights in memory.
"""

import sys
from pathlib import Path

import click

from pyollama.cli.completing import a_model_and_files
from pyollama.cli.errors import CommandError
from pyollama.cli.help import TEMPLATE_ENVIRONMENT, Cobra
from pyollama.cli.options import think_value

__all__ = ["command"]

MAX_FILE = 64 << 20  # characters of a conversation


class Template(Cobra):
    """template, which takes a model and perhaps a file."""

    usage_arguments = "MODEL [FILE|-]"
    examples = (
        "pyollama template llama3.2",
        "pyollama template llama3.2 conversation.json",
    )
    environment = TEMPLATE_ENVIRONMENT


@click.command(
    "template", cls=Template, short_help="Show the prompt that a conversation becomes, each way"
)
@click.argument("arguments", nargs=-1, shell_complete=a_model_and_files)
@click.option(
    "--think",
    metavar="string?",
    help="Enable thinking mode: true/false or high/medium/low/max for supported models",
)
def command(arguments: tuple[str, ...], think: str | None) -> None:
    """Print prompts, their tokens and where those differ.

    The file, or standard input for -, holds a list of messages or a request for /api/chat.
    """
    if not 1 <= len(arguments) <= 2:
        raise click.UsageError(f"accepts 1 or 2 arg(s), received {len(arguments)}")
    wanted = None if think is None else think_value(think)
    text = read(arguments[1]) if len(arguments) == 2 else None
    from pyollama.cli.prompts import Page, print_prompts, request_of

    print_prompts(request_of(arguments[0], text, wanted), Page(sys.stdout))


def read(path: str) -> str:
    """The text of a file, or of standard input for "-". CommandError if there is none."""
    try:
        if path == "-":
            text = sys.stdin.read(MAX_FILE + 1)
        else:
            with Path(path).open(encoding="utf-8") as file:
                text = file.read(MAX_FILE + 1)
    except (OSError, UnicodeError) as error:
        raise CommandError(f"cannot read {path}: {error}") from error
    if len(text) > MAX_FILE:
        raise CommandError(f"{path} has more than {MAX_FILE} characters")
    return text
