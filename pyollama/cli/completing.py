"""What a shell is told when Tab is pressed: commands, flags, and the names of models.

click asks the commands and speaks with the shells. Only bash needs more here: it breaks words at
colons, which every model's name has, so it hands over the whole line and gets back what comes
after the last colon.
"""

import contextlib
import os
import re
from typing import Any

import click
from click.shell_completion import (
    BashComplete,
    CompletionItem,
    add_completion_class,
    split_arg_string,
)

from pyollama.cli.client import Client
from pyollama.errors import PyollamaError
from pyollama.settings import Settings

__all__ = ["Bash", "a_file", "a_model", "a_model_and_files", "models", "running_model"]

PATIENCE = 1.0  # seconds that a server may take; the person who pressed Tab waits
SAFE = re.compile("[A-Za-z0-9_.:/-]+")  # what a shell would not take for anything but a word
BASH = """\
%(complete_func)s() {
    local type value
    COMPREPLY=()
    while IFS=',' read -r type value; do
        case $type in
            file) compopt -o default ;;
            plain) COMPREPLY+=("$value") ;;
        esac
    done < <(env COMP_LINE="${COMP_LINE:0:COMP_POINT}" COMP_WORDBREAKS="$COMP_WORDBREAKS" \\
        %(complete_var)s=bash_complete "$1")
}
complete -o nosort -F %(complete_func)s %(prog_name)s
"""

Items = list[CompletionItem[str]]


@add_completion_class
class Bash(BashComplete):
    """bash 4.4 and later, with words that may hold colons."""

    source_template = BASH

    def get_completion_args(self) -> tuple[list[str], str]:
        """The words of the line, and the one at which the cursor stands."""
        line = os.environ["COMP_LINE"]
        words = split_arg_string(line)
        self.incomplete = words.pop() if words and not line[-1:].isspace() else ""
        return words[1:], self.incomplete

    def format_completion(self, item: CompletionItem[Any]) -> str:
        """type,value, of which bash already has what stands before its last break."""
        breaks = os.environ.get("COMP_WORDBREAKS", "")
        typed = max(self.incomplete.rfind(char) for char in ":=") if ":" in breaks else -1
        known = self.incomplete[: typed + 1]
        return f"{item.type},{str(item.value).removeprefix(known)}"


def models(ctx: click.Context, _: click.Parameter, incomplete: str) -> Items:
    """Stored models that are not among the arguments yet."""
    given = ctx.params.get("arguments") or ()
    names = named("/api/tags")
    return [CompletionItem(name) for name in names if _fits(name, incomplete) and name not in given]


def a_model(ctx: click.Context, param: click.Parameter, incomplete: str) -> Items:
    """A stored model as the first argument, nothing after it."""
    return [] if ctx.params.get("arguments") else models(ctx, param, incomplete)


def running_model(ctx: click.Context, _: click.Parameter, incomplete: str) -> Items:
    """A loaded model as the only argument."""
    names = [] if ctx.params.get("arguments") else named("/api/ps")
    return [CompletionItem(name) for name in names if _fits(name, incomplete)]


def a_model_and_files(ctx: click.Context, param: click.Parameter, incomplete: str) -> Items:
    """A stored model as the first argument, then files."""
    if ctx.params.get("arguments"):
        return [CompletionItem(incomplete, type="file")]
    return models(ctx, param, incomplete)


def a_file(ctx: click.Context, _: click.Parameter, incomplete: str) -> Items:
    """A file as the first argument, nothing after it."""
    return [] if ctx.params.get("arguments") else [CompletionItem(incomplete, type="file")]


def named(path: str) -> list[str]:
    """The names in a list of models; none if the server does not give one soon."""
    with contextlib.suppress(PyollamaError, LookupError, TypeError):
        client = Client(Settings.from_environ().host, timeout=PATIENCE)
        names = [str(model["name"]) for model in client.call("GET", path)["models"]]
        return list(filter(SAFE.fullmatch, names))
    return []


def _fits(name: str, incomplete: str) -> bool:
    """Whether a name goes on from what is there; case does not matter in names of models."""
    return name.lower().startswith(incomplete.lower())
