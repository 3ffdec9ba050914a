"""``pyollama run``: ask a model something, or talk with it line by line.

Without a server at the default address one is started inside this process, and stderr says so.
"""

import contextlib
import json
import sys
from contextlib import ExitStack
from typing import Any

import click

from pyollama.cli.asking import Server, View
from pyollama.cli.client import Client
from pyollama.cli.completing import a_model_and_files
from pyollama.cli.errors import ApiError, CommandError, NoServer
from pyollama.cli.help import RUN_ENVIRONMENT, Cobra, minimum
from pyollama.cli.inprocess import compiled_kernels, local_server
from pyollama.cli.media import accepts_media, take_media
from pyollama.cli.options import embedding_options, request_options
from pyollama.cli.pull import pull
from pyollama.cli.waiting import Waiting
from pyollama.settings import Settings

__all__ = ["command"]

NOT_FOUND = 404
EMBEDDING_USAGE = 'embedding models require input text. Usage: ollama run {} "your text here"'
TRUNCATE_HELP = (
    "For embedding models: truncate inputs exceeding context length (default: true). "
    "Set --truncate=false to error instead"
)
DIMENSIONS_HELP = "Truncate output embeddings to specified dimension (embedding models only)"


class Run(Cobra):
    """run, which takes a model and perhaps a prompt."""

    usage_arguments = "MODEL [PROMPT]"
    examples = (
        "pyollama run llama3.2",
        'pyollama run llama3.2 "Why is the sky blue?"',
        'pyollama run llama3.2 "Summarise this:" < notes.txt',
        'pyollama run llava "What is in this picture? ./photo.jpg"',
        'pyollama run --format json llama3.2 "Name three colours, as JSON."',
        "pyollama run --think=high --hidethinking --verbose gpt-oss",
    )
    environment = RUN_ENVIRONMENT


@click.command("run", cls=Run, short_help="Run a model")
@click.argument("arguments", nargs=-1, shell_complete=a_model_and_files)
@click.option("--format", "output", metavar="string", help="Response format (e.g. json)")
@click.option(
    "--think",
    metavar="string?",
    help="Enable thinking mode: true/false or high/medium/low for supported models",
)
@click.option("--hidethinking", is_flag=True, help="Hide thinking output (if provided)")
@click.option("--keepalive", metavar="string", help="Duration to keep a model loaded (e.g. 5m)")
@click.option("--insecure", is_flag=True, help="Use an insecure registry")
@click.option("--nowordwrap", is_flag=True, help="Don't wrap words to the next line automatically")
@click.option("--truncate", metavar="string?", help=TRUNCATE_HELP)
@click.option("--dimensions", metavar="int", help=DIMENSIONS_HELP)
@click.option("--verbose", is_flag=True, help="Show timings for response")
@click.pass_context
def command(ctx: click.Context, /, arguments: tuple[str, ...], **flags: Any) -> None:
    """Run a model once with a prompt from the arguments or from stdin, or in a conversation."""
    name, *words = minimum(arguments, 1)
    request: dict[str, Any] = {"model": name} | request_options(flags)
    embedding = embedding_options(flags)
    general = ctx.obj or {}
    view = View(
        verbose=flags["verbose"] or general.get("verbose", False),
        word_wrap=not (flags["nowordwrap"] or general.get("nowordwrap", False)),
        hide_thinking=flags["hidethinking"],
    )
    prompt = read_prompt(words)
    is_talk = not words and sys.stdin.isatty() and sys.stdout.isatty()
    with ExitStack() as stack:
        server = connect(stack)
        shown = find_or_pull(server.client, name, flags["insecure"])
        think_is_chosen = "think" in request
        complete_request(request, shown)
        if "embedding" in (shown.get("capabilities") or []):
            embed(server.client, request | embedding, prompt)
            return
        with contextlib.suppress(KeyboardInterrupt):  # leaving early is no error
            if is_talk:
                from pyollama.cli.repl.loop import interact

                interact(server, request, shown, view, chosen=think_is_chosen)
            elif prompt:
                server.answer("/api/generate", request | question(prompt, shown), view)
            else:
                server.load(request)


# The request


def complete_request(request: dict[str, Any], shown: dict[str, Any]) -> None:
    """Let a model think that can, unless the flags say otherwise."""
    if "think" not in request and "thinking" in (shown.get("capabilities") or []):
        request["think"] = True


def question(prompt: str, shown: dict[str, Any]) -> dict[str, Any]:
    """A prompt as fields of a request: for a model that sees or hears, with the files it names."""
    if not accepts_media(shown):
        return {"prompt": prompt}
    text, media = take_media(prompt)
    return {"prompt": text} | ({"images": media} if media else {})


def read_prompt(words: list[str]) -> str:
    """The words of the command line, after what is piped in."""
    piped = "" if sys.stdin.isatty() else sys.stdin.read()
    return " ".join([piped, *words] if piped else words)


# The server


def connect(stack: ExitStack) -> Server:
    """A server that answers: the one at OLLAMA_HOST, or one in this process by default."""
    settings = Settings.from_environ()
    client = Client(settings.host)
    if client.is_up():
        return Server(client)
    if settings.host_is_set:
        raise NoServer
    click.echo(f"no server at {settings.host.netloc}: starting one inside this process", err=True)
    return Server(stack.enter_context(local_server()), compiled_kernels)


def find_or_pull(client: Client, name: str, insecure: bool) -> dict[str, Any]:
    """What the server knows of a model, which is pulled if it is missing."""
    try:
        return show(client, name)
    except ApiError as error:
        if error.status != NOT_FOUND:
            raise
    pull(client, name, insecure=insecure)
    return show(client, name)


def show(client: Client, name: str) -> dict[str, Any]:
    """The answer of /api/show."""
    with Waiting():  # for a server that is just starting
        answer: dict[str, Any] = client.call("POST", "/api/show", {"model": name})
    return answer


def embed(client: Client, request: dict[str, Any], text: str) -> None:
    """Print the embedding of a text as one JSON array."""
    if not text:
        raise CommandError(EMBEDDING_USAGE.format(request["model"]))
    fields = ("model", "keep_alive", "truncate", "dimensions")
    body = {key: request[key] for key in fields if key in request}
    answer = client.call("POST", "/api/embed", body | {"input": text})
    click.echo(json.dumps(answer["embeddings"][0], separators=(",", ":")))
