"""Flags as Go's parser reads them: booleans with a value, and its words for a bad one."""

import re

import click

from pyollama.gotext import go_quoted

__all__ = ["boolean", "in_clicks_words", "integer"]

TRUE = {"1", "t", "T", "true", "True", "TRUE"}
FALSE = {"0", "f", "F", "false", "False", "FALSE"}
INTEGER = re.compile("[+-]?[0-9]+")
MAX_DIGITS = 400  # zeros in front included; Python refuses to read thousands
OPTIONAL = "string?"  # the metavar of flags that may stand without a value


def boolean(flag: str, text: str) -> bool:
    """A flag's value as Go's ParseBool reads it; UsageError for anything else."""
    if text not in TRUE | FALSE:
        raise bad_value(flag, text, "ParseBool")
    return text in TRUE


def integer(flag: str, text: str) -> int:
    """A flag's value as a number of 64 bits; UsageError for anything else."""
    if not INTEGER.fullmatch(text):
        raise bad_value(flag, text, "ParseInt")
    if len(text) > MAX_DIGITS or not -(2**63) <= int(text) < 2**63:
        raise bad_value(flag, text, "ParseInt", "value out of range")
    return int(text)


def bad_value(
    flag: str, text: str, parser: str, reason: str = "invalid syntax"
) -> click.UsageError:
    """A flag's value that cannot be read."""
    problem = f"strconv.{parser}: parsing {go_quoted(text)}: {reason}"
    return click.UsageError(f'invalid argument "{text}" for "--{flag}" flag: {problem}')


def in_clicks_words(args: list[str], params: list[click.Parameter]) -> list[str]:
    """The arguments with each flag written as click takes it; nothing changes after ``--``."""
    flags = {name: flag for flag in params if isinstance(flag, click.Option) for name in flag.opts}
    end = args.index("--") if "--" in args else len(args)
    head = [word for arg in args[:end] for word in _in_clicks_words(arg, flags)]
    return head + args[end:]


def _in_clicks_words(arg: str, flags: dict[str, click.Option]) -> list[str]:
    """One argument as click takes it.

    ``--flag=true`` becomes ``--flag``, ``--flag=false`` nothing, a bare optional one true, and the
    value behind ``-f=`` a word of its own.
    """
    name, equals, value = arg.partition("=")
    flag = flags.get(name)
    if flag is None:
        return [arg]
    if flag.is_flag and equals:
        return [name] if boolean(name.lstrip("-"), value) else []
    if equals and not name.startswith("--"):
        return [name, value]
    return [f"{name}=true"] if flag.metavar == OPTIONAL and not equals else [arg]
