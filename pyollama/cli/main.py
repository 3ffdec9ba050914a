"""The command line: finds the command, runs it, and says in one line what went wrong.

Commands are imported only when they are called, and say their errors in the words of Ollama's.
"""

import importlib
import os
import re
import sys
from typing import NoReturn

import click
from click.shell_completion import CompletionItem

from pyollama.cli.help import Cobra, root_help
from pyollama.errors import PyollamaError

__all__ = ["cli", "main", "run"]

# In the order of the help; each is `command` in the module pyollama.cli.<name>, or as MODULES says.
COMMANDS = (
    *("serve", "create", "show", "run", "stop", "pull", "push", "list", "ps", "cp", "rm"),
    *("export", "import", "template", "warmup", "completion"),
)
MODULES = {"import": "import_"}  # a word of Python
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
HELP = "help"  # a command that has no module
FIRST_WORD = "pyollama.first_word"  # of a line that is being completed, in the context's meta
COMPLETING = "_PYOLLAMA_COMPLETE"  # the variable with which a shell asks, as click spells it
ALIASES = {"start": "serve", "ls": "list"}


class Commands(click.Group):
    """The commands by name, imported one at a time."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every command, in the order of the help."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command, also under its alias."""
        name = ALIASES.get(cmd_name, cmd_name)
        if name not in COMMANDS:
            return None
        module = MODULES.get(name, name)
        command = importlib.import_module(f"pyollama.cli.{module}").command
        assert isinstance(command, Cobra)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the arguments name, in Ollama's words if there is none."""
        if ctx.resilient_parsing:  # somebody presses Tab
            ctx.meta[FIRST_WORD] = args[0]
            return args[0], self.get_command(ctx, args[0]), args[1:]
        if args[0] == HELP:
            if args[1:2] in ([], [HELP], ["-h"], ["--help"]):
                click.echo(root_help(self, ctx))
                ctx.exit()
            args = [args[1], "--help"]
        command = self.get_command(ctx, args[0])
        if command is None:
            raise click.UsageError(f'unknown command "{args[0]}" for "ollama"')
        return args[0], command, args[1:]

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """The commands that begin so, as the first word or after help."""
        first = ctx.meta.get(FIRST_WORD)
        if first not in (None, HELP):
            return []
        found = super().shell_complete(ctx, incomplete)
        if first is None and HELP.startswith(incomplete):
            found.append(CompletionItem(HELP, help="Help about any command"))
        return found

    def get_help(self, ctx: click.Context) -> str:
        """The help of the program as a whole."""
        return root_help(self, ctx)


@click.group(
    "pyollama",
    cls=Commands,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.option("--nowordwrap", is_flag=True, help="Don't wrap words to the next line automatically")
@click.option("--verbose", is_flag=True, help="Show timings for response")
@click.option("-v", "--version", is_flag=True, help="Show version information")
@click.pass_context
def cli(ctx: click.Context, nowordwrap: bool, verbose: bool, version: bool) -> None:
    """Large language model runner."""
    ctx.obj = {"nowordwrap": nowordwrap, "verbose": verbose}
    if version:
        importlib.import_module("pyollama.cli.version").print_version()
        ctx.exit()
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


def main() -> NoReturn:
    """The entry point ``pyollama``."""
    code = run()
    if "numba" in sys.modules:
        # A server ran in this process and has shut down. Nothing is left to do but to take apart
        # hundreds of modules, for which the user would wait a quarter of a second.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


def run() -> int:
    """Run the command that the arguments name; 1 and ``Error: ...`` on stderr for any failure."""
    if COMPLETING in os.environ:
        importlib.import_module("pyollama.cli.completing")  # for bash
    try:
        return int(
            cli.main(prog_name="pyollama", complete_var=COMPLETING, standalone_mode=False) or 0
        )
    except click.ClickException as error:
        return fail(usage_words(error))
    except PyollamaError as error:
        return fail(str(error))
    except (KeyboardInterrupt, click.Abort):
        return 130
    except BrokenPipeError:  # the reader of our output has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def fail(message: str) -> int:
    """Print the one line of an error; gives the exit code.

    Words of a registry may be in it: control characters are shown and not sent to the terminal.
    """
    shown = CONTROL.sub(lambda match: f"\\x{ord(match[0]):02x}", message)
    click.echo(f"Error: {shown}", err=True)
    return 1


def usage_words(error: click.ClickException) -> str:
    """A mistake in the arguments, in the words of Ollama's parser."""
    if isinstance(error, click.NoSuchOption):
        name = error.option_name
        if name.startswith("--"):
            return f"unknown flag: {name}"
        return f"unknown shorthand flag: {shorthand(name)}"
    if isinstance(error, click.BadOptionUsage) and "requires an argument" in error.message:
        name = error.option_name
        return f"flag needs an argument: {name if name.startswith('--') else shorthand(name)}"
    return error.format_message()


def shorthand(name: str) -> str:
    """A flag of one letter, as Go's parser speaks of it: with the letters that follow it."""
    letter = name[1:2]
    words = (word for word in sys.argv[1:] if re.match("-[^-]", word) and letter in word)
    rest = next((word[word.index(letter) :] for word in words), letter)
    return f"'{letter}' in -{rest}"
