"""``pyollama completion``: the script with which a shell completes commands and models."""

import click
from click.shell_completion import FishComplete, ZshComplete

from pyollama.cli.completing import Bash
from pyollama.cli.help import Cobra, exact
from pyollama.cli.main import COMPLETING

__all__ = ["command"]

SHELLS = {"bash": Bash, "zsh": ZshComplete, "fish": FishComplete}


class Completion(Cobra):
    """completion, which takes the name of a shell."""

    usage_arguments = "[bash|zsh|fish]"
    examples = (
        "source <(pyollama completion bash)",
        "pyollama completion bash > ~/.local/share/bash-completion/completions/pyollama",
        'pyollama completion zsh > "${fpath[1]}/_pyollama"',
        "pyollama completion fish > ~/.config/fish/completions/pyollama.fish",
    )


def shells(_: click.Context, __: click.Parameter, incomplete: str) -> list[str]:
    """The shells whose names begin so."""
    return [shell for shell in SHELLS if shell.startswith(incomplete)]


@click.command("completion", cls=Completion, short_help="Print the completion script of a shell")
@click.argument("arguments", nargs=-1, shell_complete=shells)
@click.pass_context
def command(ctx: click.Context, arguments: tuple[str, ...]) -> None:
    """Print a script that the shell has to read at its start."""
    (shell,) = exact(arguments, 1)
    if shell not in SHELLS:
        raise click.UsageError(f'invalid argument "{shell}" for "pyollama completion"')
    click.echo(SHELLS[shell](ctx.find_root().command, {}, "pyollama", COMPLETING).source())
