"""The loop of an interactive session: read a line, obey it or send it, until the user leaves."""

import contextlib
import sys
from typing import Any

import click

from pyollama.cli.asking import Server, View
from pyollama.cli.drawing import can_draw
from pyollama.cli.errors import ApiError, MediaError
from pyollama.cli.media import media_paths
from pyollama.cli.output import Answer
from pyollama.cli.repl.blocks import QUOTES, read_block
from pyollama.cli.repl.commands import is_known, obey
from pyollama.cli.repl.conversation import Abandoned, Conversation, Leave, Reader
from pyollama.cli.repl.history import HistoryFile, default_path
from pyollama.cli.repl.plain import PlainLines
from pyollama.cli.repl.terminal import quiet_keys
from pyollama.settings import Settings

__all__ = ["converse", "interact"]

HINT = "Use Ctrl + d or /bye to exit."
FORGIVEN = ("does not support thinking", "invalid think value")  # errors that end nothing


def interact(
    server: Server, request: dict[str, Any], shown: dict[str, Any], view: View, *, chosen: bool
) -> None:
    """Talk with a model on the terminal; chosen: the user has said whether it is to think."""
    draws = can_draw(sys.stdout)
    with quiet_keys() if draws else contextlib.nullcontext():
        server.load(request)
        history = HistoryFile(default_path(), saves=not Settings.from_environ().no_history)
        reader = line_editor(history) if draws else PlainLines(history)
        replay(shown.get("messages") or [], view)
        converse(Conversation(server, reader, history, request, shown, view, chosen))


def line_editor(history: HistoryFile) -> Reader:
    """The editor for a terminal that can move its cursor."""
    from pyollama.cli.repl.editing import LineEditor  # takes a while, and only here

    return LineEditor(history)


def replay(messages: list[dict[str, Any]], view: View) -> None:
    """Print the conversation that is stored with a model."""
    for message in messages:
        if message["role"] == "user":
            click.echo(f">>> {message['content']}")
        elif message["role"] == "assistant":
            answer = Answer(word_wrap=view.word_wrap)
            answer.say(message["content"])
            answer.finish()


def converse(talk: Conversation) -> None:
    """Handle line after line until /bye or the end of the input; ApiError if an answer fails."""
    while True:
        try:
            handle(talk, talk.reader.read())
        except Abandoned as abandoned:
            if not abandoned.line:
                click.echo(HINT)
        except KeyboardInterrupt:  # an answer or a command, and not the session
            continue
        except (EOFError, Leave):
            return


def handle(talk: Conversation, line: str) -> None:
    """One line: a block, a command or a message."""
    if line.startswith(QUOTES):
        say(talk, read_block(line, talk.reader))
    elif is_command(talk, line):
        command(talk, line)
    else:
        say(talk, line)


def is_command(talk: Conversation, line: str) -> bool:
    """Whether a line begins with a slash, and not with the path of a file for the model."""
    if not line.startswith("/") or "\n" in line:  # several lines are something pasted
        return False
    first = line.split()[0]
    names_file = any(path.startswith(first) for path in media_paths(line))
    return is_known(line) or not (talk.takes_media and names_file)


def command(talk: Conversation, line: str) -> None:
    """Obey a command; what the server refuses is no reason to end the session."""
    try:
        obey(talk, line)
    except ApiError as error:
        click.echo(f"error: {error}", err=True)


def say(talk: Conversation, text: str) -> None:
    """Send a message, unless there is nothing in it."""
    if not text.strip():
        return
    try:
        talk.send(text)
    except ApiError as error:
        if not any(words in str(error) for words in FORGIVEN):
            raise
        click.echo(f"error: {error}")
    except MediaError:  # which has been told
        return
