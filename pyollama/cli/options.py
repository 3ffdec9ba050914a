"""The flags of ``run`` as fields of requests, and Ollama's words for values that are none."""

import json
from typing import Any

from pyollama.cli.errors import CommandError
from pyollama.cli.flags import boolean, integer
from pyollama.durations import parse_duration

__all__ = ["embedding_options", "request_options"]

THINK_VALUES = ("true", "false", "high", "medium", "low", "max")


def request_options(flags: dict[str, Any]) -> dict[str, Any]:
    """The fields that the flags ask for; CommandError for a value that cannot be read."""
    request: dict[str, Any] = {}
    if flags["output"]:
        request["format"] = output_format(flags["output"])
    if flags["think"] is not None:
        request["think"] = think_value(flags["think"])
    if flags["keepalive"]:
        try:
            parse_duration(flags["keepalive"])
        except ValueError as error:
            raise CommandError(str(error)) from error
        request["keep_alive"] = flags["keepalive"]
    return request


def embedding_options(flags: dict[str, Any]) -> dict[str, Any]:
    """The fields for an embedding model; UsageError, in the words of Go's parser, for a bad one."""
    options: dict[str, Any] = {}
    if (text := flags["truncate"]) is not None:
        options["truncate"] = boolean("truncate", text)
    if (text := flags["dimensions"]) is not None:
        options["dimensions"] = integer("dimensions", text)
    return options


def output_format(text: str) -> Any:
    """``json``, or the JSON schema that the text is; other text goes to the server as it is."""
    if text == "json":
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def think_value(text: str) -> bool | str:
    """A boolean or a level; CommandError for anything else."""
    if text not in THINK_VALUES:
        allowed = "true, false, high, medium, low, or max"
        raise CommandError(f'invalid value for --think: "{text}" (must be {allowed})')
    return text == "true" if text in ("true", "false") else text
