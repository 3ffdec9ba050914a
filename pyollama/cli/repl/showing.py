"""/show: what the model is, with what has been set in this session."""

import click

from pyollama.cli.information import information
from pyollama.cli.repl.conversation import Conversation
from pyollama.cli.repl.helping import print_show
from pyollama.gotext import go_value

__all__ = ["show_command"]

NO_PARAMETERS = "  No additional parameters were specified for this model."
MISSING = {
    "license": "No license was specified for this model.",
    "system": "No system message was specified for this model.",
    "template": "No prompt template was specified for this model.",
}
NAME_WIDTH = 30  # columns of a parameter's name


def show_command(talk: Conversation, words: list[str]) -> None:
    """Print the section that the second word names; without one, the help."""
    if len(words) < 2:
        print_show()
        return
    request = {"model": talk.model, "system": talk.system, "options": talk.options}
    shown = talk.server.client.call("POST", "/api/show", request)
    section = words[1]
    if section == "info":
        click.echo(information(shown, verbose=False), nl=False, err=True)
    elif section == "parameters":
        click.echo(parameters(shown.get("parameters", ""), talk.options))
    elif section == "modelfile":
        click.echo(shown.get("modelfile", ""))
    elif section in MISSING:
        text = talk.system if section == "system" and talk.system else shown.get(section)
        newline = "\n" if section == "system" and text else ""
        click.echo((text or MISSING[section]) + newline)
    else:
        click.echo(f"Unknown command '/show {section}'. Type /? for help")


def parameters(stored: str, options: dict[str, object]) -> str:
    """The parameters stored with the model, and those set in this session, in blocks."""
    lines = ["Model defined parameters:"]
    lines += [f"  {line}" for line in stored.splitlines()] or [NO_PARAMETERS]
    if options:
        lines += ["", "User defined parameters:"]
        lines += [f"  {name:<{NAME_WIDTH}} {go_value(options[name])}" for name in sorted(options)]
    return "\n".join([*lines, ""])
