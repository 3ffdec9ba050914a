"""The fields of Ollama's requests that parse themselves: think, keep_alive, images, messages.

Each enters its annotation into bind.PARSERS. Spec: Ollama's api/types.go.
"""

from typing import Any

from pyollama.api import FOREVER, Duration, Message, ToolCallFunction
from pyollama.durations import parse_duration
from pyollama.gotext import go_quoted
from pyollama_http.gojson.b64 import decode_base64
from pyollama_http.gojson.bind import (
    GO_NAMES,
    MISSING,
    PARSERS,
    Place,
    bind_struct,
    own_parser,
)
from pyollama_http.gojson.scanner import DecodeError, Number, Pairs, Tree
from pyollama_http.gojson.text import clean
from pyollama_http.gojson.values import integer, plain

__all__ = ["ordered_map"]

LEVELS = ("high", "medium", "low", "max")
LEVELS_TEXT = '("high", "medium", "low", "max", true, or false)'
OVERFLOWN = 1  # nanoseconds: the model goes when it is idle, but nobody has asked to unload it
GO_KINDS = {bool: "bool", list: "[]interface {}", Pairs: "map[string]interface {}"}


def _think(tree: Tree, place: Place) -> Any:
    """A boolean or one of the four levels."""
    if tree is None:
        return MISSING
    if type(tree) is bool or (type(tree) is str and tree in LEVELS):
        return tree
    if type(tree) is str:
        raise DecodeError(
            f"invalid think value: {go_quoted(clean(tree))} (must be {LEVELS_TEXT[1:]}"
        )
    raise DecodeError(f"think must be a boolean or string {LEVELS_TEXT}")


def _keep_alive(tree: Tree, place: Place) -> Any:
    """Seconds, or a duration such as 5m; negative means forever."""
    if tree is None:
        return MISSING
    if type(tree) is str:
        nanoseconds = _go_duration(clean(tree))
    elif type(tree) is Number:
        nanoseconds = _from_seconds(float(plain(tree, place)))
    else:
        raise DecodeError(f"Unsupported type: '{GO_KINDS[type(tree)]}'")
    return Duration(FOREVER if nanoseconds < 0 else nanoseconds)


def _go_duration(text: str) -> int:
    """The nanoseconds of Go's duration text."""
    try:
        return parse_duration(text)
    except ValueError as error:
        raise DecodeError(str(error)) from error


def _from_seconds(seconds: float) -> int:
    """Seconds as nanoseconds; anything below zero, however large or small, is forever.

    More than an int64 holds is no time at all: Go's conversion overflows to the least number,
    which is no longer looked at for its sign.
    """
    if seconds < 0:
        return FOREVER
    nanoseconds = seconds * 1e9  # infinite from 1.8e299 seconds on
    return OVERFLOWN if nanoseconds >= 2**63 else int(nanoseconds)


def _image(tree: Tree, place: Place) -> Any:
    """Base64 text, or a list of byte values."""
    if type(tree) is list:
        values = [integer(item, place, 0, 255, "uint8") for item in tree]
        return bytes(0 if value is MISSING else value for value in values)
    if type(tree) is not str:
        return MISSING if tree is None else place.mismatch(tree, "api.ImageData")
    try:
        return decode_base64(tree)
    except ValueError as error:
        place.note(str(error))
        return MISSING


def _message(tree: Tree, place: Place) -> Any:
    """A message of a conversation; its role is lower-cased, and not checked."""
    if not isinstance(tree, Pairs):
        return MISSING if tree is None else place.mismatch(tree, "api.Alias")
    message: Message = bind_struct(Message, tree, place)
    message.role = message.role.lower()
    return message


def ordered_map(tree: Tree, place: Place) -> Pairs | None:
    """An object whose keys keep their order, as tool arguments and properties; null is None."""
    if tree is not None and not isinstance(tree, Pairs):
        raise DecodeError("Value looks like object, but can't find closing '}' symbol")
    return tree


def _call(tree: Tree, place: Place) -> Any:
    """The function of a tool call; its arguments are an ordered map."""
    if not isinstance(tree, Pairs):
        return MISSING if tree is None else place.mismatch(tree, "api.ToolCallFunction")
    for key, value in tree:
        if key.lower() == "arguments":
            ordered_map(value, place)
    call: ToolCallFunction = bind_struct(ToolCallFunction, tree, place)
    return call


PARSERS.update(
    {
        bool | str: _think,
        Duration: own_parser(_keep_alive),
        bytes: _image,
        Message: own_parser(_message),
        ToolCallFunction: _call,
    }
)
GO_NAMES.update({bytes: "api.ImageData"})
