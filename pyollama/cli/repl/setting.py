"""/set: the variables of a session."""

from collections.abc import Callable
from typing import Any

import click

from pyollama.cli.repl.blocks import QUOTES, read_block
from pyollama.cli.repl.conversation import Conversation
from pyollama.cli.repl.helping import print_parameters, print_set
from pyollama.errors import PyollamaError
from pyollama.gotext import go_quoted

__all__ = ["set_command"]

NO_FORMAT = "Invalid or missing format. For 'json' mode use '/set format json'"


def set_command(talk: Conversation, words: list[str]) -> None:
    """Set the variable that the second word names; without one, print the help."""
    if len(words) < 2:
        print_set()
    elif words[1] in VARIABLES:
        VARIABLES[words[1]](talk, words[2:])
    else:
        click.echo(f"Unknown command '/set {words[1]}'. Type /? for help")


def set_parameter(talk: Conversation, words: list[str]) -> None:
    """An option of every request from here on."""
    if len(words) < 2:
        print_parameters()
        return
    name, *values = words
    try:
        value = parameter_value(name, values)
    except PyollamaError as error:
        click.echo(f"Couldn't set parameter: {go_quoted(str(error))}")
        return
    talk.request["options"] = talk.options | {name: value}
    click.echo(f"Set parameter '{name}' to '{', '.join(values)}'")


def parameter_value(name: str, values: list[str]) -> Any:
    """The value in the parameter's type; ModelfileError if there is none."""
    from pyollama_formats.instructions import typed

    return values if name == "stop" else typed(name, values[0])


def set_system(talk: Conversation, words: list[str]) -> None:
    """A system message, in one line or as a block."""
    if not words:
        print_set()
        return
    text = " ".join(words)
    if text.startswith(QUOTES):
        text = read_block(text, talk.reader).removeprefix("\n")
    talk.set_system(text)
    click.echo("Set system message.")


def set_format(talk: Conversation, words: list[str]) -> None:
    """JSON, the only format that has a name."""
    if words[:1] != ["json"]:
        click.echo(NO_FORMAT)
        return
    talk.request["format"] = "json"
    click.echo("Set format to 'json' mode.")


def set_no_format(talk: Conversation, _: list[str]) -> None:
    """Text again."""
    talk.request.pop("format", None)
    click.echo("Disabled format.")


def set_think(talk: Conversation, words: list[str]) -> None:
    """Thinking before answering; the server judges the level."""
    level = words[0] if words else ""
    talk.request["think"] = {"": True, "true": True, "false": False}.get(level, level)
    talk.think_is_chosen = True
    warn_of_thinking(talk)
    click.echo(f"Set 'think' mode to '{level}'." if level else "Set 'think' mode.")


def set_no_think(talk: Conversation, _: list[str]) -> None:
    """Answering at once."""
    talk.request["think"] = False
    talk.think_is_chosen = True
    warn_of_thinking(talk)
    click.echo("Set 'nothink' mode.")


def warn_of_thinking(talk: Conversation) -> None:
    """Say so if the model cannot think."""
    if not talk.can("thinking"):
        warning = f'warning: model "{talk.model}" does not support thinking output'
        click.echo(warning, err=True)


def mode(name: str, attribute: str, value: bool) -> Callable[[Conversation, list[str]], None]:
    """A variable of the view that is switched by its name alone."""

    def switch(talk: Conversation, _: list[str]) -> None:
        setattr(talk.view, attribute, value)
        click.echo(f"Set '{name}' mode.")

    return switch


def history(saves: bool) -> Callable[[Conversation, list[str]], None]:
    """Whether lines are saved for later sessions."""

    def switch(talk: Conversation, _: list[str]) -> None:
        talk.history.saves = saves

    return switch


VARIABLES: dict[str, Callable[[Conversation, list[str]], None]] = {
    "parameter": set_parameter,
    "system": set_system,
    "history": history(True),
    "nohistory": history(False),
    "wordwrap": mode("wordwrap", "word_wrap", True),
    "nowordwrap": mode("nowordwrap", "word_wrap", False),
    "verbose": mode("verbose", "verbose", True),
    "quiet": mode("quiet", "verbose", False),
    "format": set_format,
    "noformat": set_no_format,
    "think": set_think,
    "nothink": set_no_think,
}
