"""Commands: lines that begin with a slash, known by their beginning, so that /byebye is /bye."""

from collections.abc import Callable
from typing import Any

import click

from pyollama.cli.errors import ApiError, CommandError
from pyollama.cli.list import models_table
from pyollama.cli.repl.conversation import Conversation, Leave
from pyollama.cli.repl.helping import help_command
from pyollama.cli.repl.setting import set_command
from pyollama.cli.repl.showing import show_command

__all__ = ["is_known", "obey"]

NOT_FOUND = 404
Command = Callable[[Conversation, list[str]], None]


def obey(talk: Conversation, line: str) -> None:
    """Carry out a command; Leave for /bye."""
    words = line.split()
    for name, command in COMMANDS:
        if line.startswith(name):
            command(talk, words)
            return
    click.echo(f"Unknown command '{words[0]}'. Type /? for help")


def is_known(line: str) -> bool:
    """Whether a line begins with the name of a command."""
    return any(line.startswith(name) for name, _ in COMMANDS)


def list_command(talk: Conversation, words: list[str]) -> None:
    """/list: the models in the store, or those whose names begin so."""
    click.echo(models_table(talk.server.client, "".join(words[1:2])))


def load_command(talk: Conversation, words: list[str]) -> None:
    """/load: go over to another model."""
    if len(words) != 2:
        click.echo("Usage:\n  /load <modelname>")
        return
    name = words[1]
    click.echo(f"Loading model '{name}'")
    try:
        talk.switch(name)
    except ApiError as error:
        if error.status != NOT_FOUND:
            raise
        click.echo(f"Couldn't find model '{name}'")


def save_command(talk: Conversation, words: list[str]) -> None:
    """/save: make a model of this one and what has been said to it."""
    if len(words) != 2:
        click.echo("Usage:\n  /save <modelname>")
        return
    name = words[1]
    if not is_model_name(name):
        click.echo(f"error: The model name '{name}' is invalid")
        return
    talk.server.finish("/api/create", creation(talk, name))
    click.echo(f"Created new model '{name}'")


def creation(talk: Conversation, name: str) -> dict[str, Any]:
    """The request that makes a model of the conversation; what says nothing is left out."""
    parent = (talk.shown.get("details") or {}).get("parent_model") or ""
    request = {
        "model": name,
        "from": parent if is_model_name(parent) else talk.model,
        "system": talk.system or talk.shown.get("system"),
        "parameters": talk.options,
        "messages": [*(talk.shown.get("messages") or []), *talk.messages],
    }
    return {key: value for key, value in request.items() if value}


def is_model_name(name: str) -> bool:
    """Whether a model can have the name."""
    from pyollama.cli.create import check_name

    try:
        check_name(name)
    except CommandError:
        return False
    return True


def clear_command(talk: Conversation, _: list[str]) -> None:
    """/clear: forget what has been said."""
    talk.clear()
    click.echo("Cleared session context")


def leave(_: Conversation, __: list[str]) -> None:
    """/bye."""
    raise Leave


COMMANDS: tuple[tuple[str, Command], ...] = (
    ("/list", list_command),
    ("/load", load_command),
    ("/save", save_command),
    ("/clear", clear_command),
    ("/set", set_command),
    ("/show", show_command),
    ("/help", help_command),
    ("/?", help_command),
    ("/exit", leave),
    ("/bye", leave),
)
