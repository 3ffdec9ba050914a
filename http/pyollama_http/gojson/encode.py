"""From typed answers to the bytes that Go's encoding/json would send.

Compact; keys in the struct's order; a field with a default is left out while it holds that default
(omitempty); the keys of a map inside a free-form value are sorted, while a field that is a map
keeps its order; < > & and the line separators are escaped; floats and times are Go's.
"""

import functools
import json
import re
from array import array
from base64 import b64encode
from collections.abc import Callable
from json.encoder import encode_basestring as quoted  # in C; escapes what JSON must
from typing import Any

from msgspec import NODEFAULT, Struct, structs

from pyollama.api import LocalTime, RawJSON, Time
from pyollama_http.gojson.float32 import float32s_text
from pyollama_http.gojson.text import BYTEWISE, clean, float_text, time_text

__all__ = ["Written", "encode", "map_text"]

HTML_ESCAPES = {
    "<": "\\u003c",
    ">": "\\u003e",
    "&": "\\u0026",
    "\u2028": "\\u2028",
    "\u2029": "\\u2029",
}
HTML = re.compile("[<>&\u2028\u2029]")
BLANKS = re.compile(
    r'([^" \t\n\r]++|"(?:[^"\\]++|\\.)*+")|[ \t\n\r]++'
)  # between the parts of JSON


class Written(str):
    """JSON text as `encode` writes it, to be sent more than once."""


def encode(value: Any) -> bytes:
    """The JSON bytes of a struct, or of plain Python objects; UTF-8, with U+FFFD for bad text."""
    parts: list[str] = []
    _write(value, parts.append)
    return clean("".join(parts)).encode()


def map_text(value: dict[str, Any]) -> str:
    """The JSON text of a map that keeps its order; the keys of maps inside it are sorted."""
    parts: list[str] = []
    _write_map(value, parts.append)
    return clean("".join(parts))


Out = Callable[[str], None]


def _write(value: Any, out: Out) -> None:
    """Write any value; a free-form map goes out with its keys sorted."""
    if (text := SCALARS.get(type(value))) is not None:
        out(text(value))
    elif isinstance(value, Struct):
        _write_struct(value, out)
    elif isinstance(value, dict):
        _write_map(dict(sorted(value.items())), out)
    elif isinstance(value, array):
        out(float32s_text(value))
    elif isinstance(value, Written):
        out(value)
    elif isinstance(value, list | tuple):
        _write_list(value, out)
    else:
        out(_scalar(value))


def _write_struct(value: Struct, out: Out) -> None:
    """Write the fields in their order, without those that are to be omitted."""
    mark = "{"
    for (key, default), item in zip(_fields(type(value)), structs.astuple(value), strict=True):
        if item is default or (default is not NODEFAULT and item == default):
            continue
        out(mark + key)
        _write_map(item, out) if isinstance(item, dict) else _write(item, out)
        mark = ","
    out("{}" if mark == "{" else "}")


@functools.cache
def _fields(kind: type[Struct]) -> list[tuple[str, Any]]:
    """The key with its colon, and the default of each field, NODEFAULT if it is always sent."""
    omits = kind.__struct_config__.omit_defaults
    return [
        (quoted(info.encode_name) + ":", _default(info) if omits else NODEFAULT)
        for info in structs.fields(kind)
    ]


def _default(info: structs.FieldInfo) -> Any:
    """The value that a field has when nobody gave one."""
    return info.default if info.default_factory is NODEFAULT else info.default_factory()


def _write_map(value: dict[str, Any], out: Out) -> None:
    """Write a map in the order that it has."""
    mark = "{"
    for key, item in value.items():
        out(f"{mark}{_text(key)}:")
        _write(item, out)
        mark = ","
    out("{}" if mark == "{" else "}")


def _write_list(value: list[Any] | tuple[Any, ...], out: Out) -> None:
    """Write a list; the tokens of a long context, of which there may be millions, in C."""
    if value and {*map(type, value)} == {int}:
        out(json.dumps(value, separators=(",", ":")))
        return
    mark = "["
    for item in value:
        out(mark)
        _write(item, out)
        mark = ","
    out("[]" if mark == "[" else "]")


def _text(value: str) -> str:
    """A string in its quotes."""
    return _without_html(quoted(value))


def _compact(raw: str) -> str:
    """JSON text less the blanks between its parts, and escaped; all else as somebody wrote it."""
    return _without_html(BLANKS.sub(r"\1", raw))


def _without_html(text: str) -> str:
    """The text with escapes for what HTML reads; str.translate takes many times as long."""
    if HTML.search(text):
        for character, escape in HTML_ESCAPES.items():
            text = text.replace(character, escape)
    return text


def _scalar(value: Any) -> str:
    """What is no struct, map or list, of a type derived from one of those below."""
    for kind in type(value).__mro__:
        if (text := SCALARS.get(kind)) is not None:
            return text(value)
    raise TypeError(f"no JSON for {type(value).__name__}")


# The text of a value of exactly that type, nearly all of what events consist of.
SCALARS: dict[type, Callable[[Any], str]] = {
    str: _text,
    bool: {True: "true", False: "false"}.__getitem__,
    type(None): lambda value: "null",
    Time: lambda value: f'"{time_text(value)}"',
    LocalTime: lambda value: f'"{time_text(value, local=True)}"',
    int: int.__repr__,
    float: float_text,
    RawJSON: lambda value: _compact(value.decode("utf-8", BYTEWISE)),
    bytes: lambda value: f'"{b64encode(value).decode("ascii")}"',
}
