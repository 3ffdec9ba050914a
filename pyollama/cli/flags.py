"""Flags as Go's parser reads them: booleans with a value, and its words for a bad one."""

import click

from pyollama.gotext import go_quoted

__all__ = ["bad_value", "boolean", "in_clicks_words"]

TRUE = {"1", "t", "T", "true", "True", "TRUE"}
FALSE = {"0", "f", "F", "false", "False", "FALSE"}
OPTIONAL = "string?"  # the metavar of flags that may stand without a value


def boolean(flag: str, text: str) -> bool:
    """A flag's value as Go's ParseBool reads it; UsageError for anything else."""
    if text not in TRUE | FALSE:
        raise bad_value(flag, text, "ParseBool")
    return text in TRUE


def bad_value(flag: str, text: str, parser: str) -> click.UsageError:
    """A flag's value that cannot be read."""
    problem = f"strconv.{parser}: parsing {go_quoted(text)}: invalid syntax"
    return click.UsageError(f'invalid argument "{text}" for "--{flag}" flag: {problem}')


def in_clicks_words(args: list[str], params: list[click.Parameter]) -> list[str]:
    """The arguments with each flag written as click takes it; nothing changes after ``--``."""
    flags = {name: flag for flag in params if isinstance(flag, click.Option) for name in flag.opts}
    end = args.index("--") if "--" in args else len(args)
    head = [word for arg in args[:end] for word in _in_clicks_words(arg, flags)]
    return head + args[end:]


def _in_clicks_words(arg: str, flags: dict[str, click.Option]) -> list[str]:
    """``--flag=true`` as ``--flag``, ``--flag=false`` as nothing, a bare optional one as true."""
    name, equals, value = arg.partition("=")
    flag = flags.get(name)
    if flag is None:
        return [arg]
    if flag.is_flag and equals:
        return [name] if boolean(name.lstrip("-"), value) else []
    return [f"{name}=true"] if flag.metavar == OPTIONAL and not equals else [arg]
