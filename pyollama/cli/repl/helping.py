"""The help of the interactive session, on stderr: the commands, and a topic each for some."""

from collections.abc import Sequence

import click

from pyollama.cli.repl.conversation import Conversation

__all__ = ["help_command", "print_parameters", "print_set", "print_show"]

MEDIA = "Use /path/to/file to include .jpg, .png, .webp images, or .wav audio files."

Entries = Sequence[tuple[str, str]]

MAIN: Entries = (
    ("/set", "Set session variables"),
    ("/show", "Show model information"),
    ("/load <model>", "Load a session or model"),
    ("/save <model>", "Save your current session"),
    ("/clear", "Clear session context"),
    ("/bye", "Exit"),
    ("/?, /help", "Help for a command"),
    ("/? shortcuts", "Help for keyboard shortcuts"),
)
SET: Entries = (
    ("/set parameter ...", "Set a parameter"),
    ("/set system <string>", "Set system message"),
    ("/set history", "Enable history"),
    ("/set nohistory", "Disable history"),
    ("/set wordwrap", "Enable wordwrap"),
    ("/set nowordwrap", "Disable wordwrap"),
    ("/set format json", "Enable JSON mode"),
    ("/set noformat", "Disable formatting"),
    ("/set verbose", "Show LLM stats"),
    ("/set quiet", "Disable LLM stats"),
    ("/set think", "Enable thinking"),
    ("/set nothink", "Disable thinking"),
)
SHOW: Entries = (
    ("/show info", "Show details for this model"),
    ("/show license", "Show model license"),
    ("/show modelfile", "Show Modelfile for this model"),
    ("/show parameters", "Show parameters for this model"),
    ("/show system", "Show system message"),
    ("/show template", "Show prompt template"),
)
PARAMETERS: Entries = (
    ("/set parameter seed <int>", "Start of the random numbers"),
    ("/set parameter num_predict <int>", "Most tokens of an answer"),
    ("/set parameter top_k <int>", "Choose among the k likeliest tokens"),
    ("/set parameter top_p <float>", "Total probability to choose among"),
    ("/set parameter min_p <float>", "Least share of the likeliest one's"),
    ("/set parameter num_ctx <int>", "Size of the context in tokens"),
    ("/set parameter temperature <float>", "How freely tokens are chosen"),
    ("/set parameter repeat_penalty <float>", "How much repetition is avoided"),
    ("/set parameter repeat_last_n <int>", "How far back repetition counts"),
    ("/set parameter num_gpu <int>", "How many layers go to the GPU"),
    ("/set parameter stop <string> <string> ...", "Texts that end an answer"),
)
SHORTCUTS: Entries = (
    ("Ctrl + a", "Go to the beginning of the line (Home)"),
    ("Ctrl + e", "Go to the end of the line (End)"),
    (" Alt + b", "Go back one word"),
    (" Alt + f", "Go forward one word"),
    ("Ctrl + k", "Delete what follows the cursor"),
    ("Ctrl + u", "Delete what precedes the cursor"),
    ("Ctrl + w", "Delete the word before the cursor"),
    ("Ctrl + l", "Clear the screen"),
    ("Ctrl + g", "Write the message in an editor"),
    ("Ctrl + c", "Stop the answer"),
    ("Ctrl + d", "Exit (/bye)"),
)


def help_command(talk: Conversation, words: list[str]) -> None:
    """/? and /help: the commands, or the topic that the next word names."""
    topic = words[1].removeprefix("/") if len(words) > 1 else ""
    topics = {"set": print_set, "show": print_show}
    topics |= {"shortcut": print_shortcuts, "shortcuts": print_shortcuts}
    if topic in topics:
        topics[topic]()
    else:
        print_main(takes_media=talk.takes_media)


def print_main(*, takes_media: bool) -> None:
    """Every command, and how a message may be more than a line of text."""
    hints = ['Use """ to begin a multi-line message.', *([MEDIA] if takes_media else []), ""]
    block("Available Commands:", MAIN, 16, *hints)


def print_set() -> None:
    """The forms of /set."""
    block("Available Commands:", SET, 23)


def print_show() -> None:
    """The forms of /show."""
    block("Available Commands:", SHOW, 19)


def print_parameters() -> None:
    """The forms of /set parameter."""
    block("Available Parameters:", PARAMETERS, 43)


def print_shortcuts() -> None:
    """The keys."""
    block("Available keyboard shortcuts:", SHORTCUTS, 20)


def block(title: str, entries: Entries, width: int, *rest: str) -> None:
    """A title, the entries with their names width columns wide, an empty line, what comes after."""
    lines = [f"  {name:<{width - 1}} {text}" for name, text in entries]
    click.echo("\n".join([title, *lines, "", *rest]), err=True)
