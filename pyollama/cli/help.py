"""The help texts, laid out as Ollama's: description, usage, examples, flags,
environment.

Cobra is the class of our commands, after the library whose layout and argument rules they follow.
"""

import click

from pyollama.cli.flags import in_clicks_words

__all__ = ["Cobra", "exact", "minimum", "root_help"]

ENVIRONMENT = {"OLLAMA_HOST": "IP Address for the ollama server (default 127.0.0.1:11434)"}
RUN_ENVIRONMENT = {
    **ENVIRONMENT,
    "OLLAMA_EDITOR": "Path to editor for interactive prompt editing (Ctrl+G)",
    "OLLAMA_NOHISTORY": "Do not preserve readline history",
}
STORE_ENVIRONMENT = {"OLLAMA_MODELS": "The path to the models directory"}
TEMPLATE_ENVIRONMENT = {
    **STORE_ENVIRONMENT,
    "OLLAMA_GO_TEMPLATE": "Which template is used of a model that has two (default: the abler)",
}
SERVE_ENVIRONMENT = {
    "OLLAMA_DEBUG": "Show additional debug information (e.g. OLLAMA_DEBUG=1)",
    **ENVIRONMENT,
    "OLLAMA_CONTEXT_LENGTH": "Context length to use unless otherwise specified (default: 4096)",
    "OLLAMA_KEEP_ALIVE": 'The duration that models stay loaded in memory (default "5m")',
    "OLLAMA_MAX_LOADED_MODELS": "Maximum number of loaded models",
    "OLLAMA_MAX_QUEUE": "Maximum number of queued requests",
    "OLLAMA_MODELS": "The path to the models directory",
    "OLLAMA_NUM_PARALLEL": "Maximum number of parallel requests",
    "OLLAMA_NOPRUNE": "Do not prune model blobs on startup",
    "OLLAMA_ORIGINS": "A comma separated list of allowed origins",
    "OLLAMA_LOAD_TIMEOUT": 'How long to allow model loads to stall before giving up (default "5m")',
}


class Cobra(click.Command):
    """A command whose arguments are counted by hand, for Ollama's words when they are wrong."""

    usage_arguments = ""
    long = ""  # what the help begins with, if there is more to say than in a list of commands
    environment: dict[str, str] = ENVIRONMENT
    aliases = ""
    examples: tuple[str, ...] = ()

    def get_help(self, ctx: click.Context) -> str:
        """The whole help text."""
        words = ["pyollama", self.name or "", self.usage_arguments, "[flags]"]
        text = self.long or self.short_help or self.help or ""
        blocks = [text, "Usage:\n  " + " ".join(filter(None, words))]
        if self.aliases:
            blocks.append(f"Aliases:\n  {self.aliases}")
        if self.examples:
            blocks.append("\n  ".join(("Examples:", *self.examples)))
        blocks.append("Flags:\n" + flags(self, ctx))
        lines = [f"      {name:<27}   {text}" for name, text in self.environment.items()]
        blocks.append("\n".join(["Environment Variables:", *lines]))
        return "\n\n".join(blocks)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read flags as Go's parser does: with or without a value."""
        params = self.get_params(ctx)
        known = args if ctx.resilient_parsing else in_clicks_words(args, params)
        return super().parse_args(ctx, known)


def flags(command: click.Command, ctx: click.Context) -> str:
    """One line per flag, sorted, the names as wide as the widest."""
    rows = []
    for option in command.get_params(ctx):
        if not isinstance(option, click.Option):
            continue
        short = next((name for name in option.opts if not name.startswith("--")), "")
        long = next(name for name in option.opts if name.startswith("--"))
        kind = "" if option.is_flag else " " + (option.metavar or option.type.name).rstrip("?")
        text = f"help for {command.name}" if long == "--help" else option.help or ""
        rows.append((f"  {short + ',' if short else '   '} {long}{kind}", text))
    width = max(len(names) for names, _ in rows)
    rows.sort(key=lambda row: row[0].partition("--")[2])
    return "\n".join(f"{names:<{width}}   {text}" for names, text in rows)


def root_help(group: click.Group, ctx: click.Context) -> str:
    """The help of the program as a whole."""
    commands = [(name, group.get_command(ctx, name)) for name in group.list_commands(ctx)]
    lines = [f"  {name:<11} {command.short_help}" for name, command in commands if command]
    blocks = [
        "Large language model runner",
        "Usage:\n  pyollama [flags]\n  pyollama [command]",
        "\n".join(["Available Commands:", *lines, "  help        Help about any command"]),
        "Flags:\n" + flags(group, ctx),
        'Use "pyollama [command] --help" for more information about a command.',
    ]
    return "\n\n".join(blocks)


def exact(arguments: tuple[str, ...], n: int) -> tuple[str, ...]:
    """The arguments, if there are exactly n."""
    if len(arguments) != n:
        raise click.UsageError(f"accepts {n} arg(s), received {len(arguments)}")
    return arguments


def minimum(arguments: tuple[str, ...], n: int) -> tuple[str, ...]:
    """The arguments, if there are at least n."""
    if len(arguments) < n:
        raise click.UsageError(f"requires at least {n} arg(s), only received {len(arguments)}")
    return arguments
