"""How Go prints values: ``%v`` and the other verbs of one operand, quoted strings, and JSON."""

import base64
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pyollama.gotemplate.values import (
    NO_VALUE,
    JsonMap,
    NamedList,
    Struct,
    Value,
    to_bytes,
    type_name,
)
from pyollama.gotext import go_json, go_quoted, go_value

__all__ = ["Verb", "compact_json", "formatted", "printed", "quoted"]

HTML_ESCAPES = str.maketrans(
    {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
)
BASES = {"b": "b", "o": "o", "x": "x", "X": "X"}


@dataclass(frozen=True)
class Verb:
    """A verb of printf: %-5.2f has letter f, flags -, width 5 and precision 2."""

    letter: str = "v"
    flags: str = ""
    width: int = 0
    precision: int | None = None

    def padded(self, text: str, *, zeros: bool = False) -> str:
        """Blanks, or zeros after the sign, up to the width."""
        if len(text) >= self.width:
            return text
        if "-" in self.flags:
            return text.ljust(self.width)
        return text.zfill(self.width) if zeros and "0" in self.flags else text.rjust(self.width)


PLAIN = Verb()


def quoted(text: str) -> str:
    """A string in double quotes, as %q writes it."""
    return go_quoted(text)


def printed(value: Value) -> str:
    """A value as print writes it."""
    return formatted(value, PLAIN)


def formatted(value: Value, verb: Verb) -> str:
    """One operand of printf; a note in the text if the verb does not fit its kind."""
    if verb.letter == "T":
        return verb.padded("<nil>" if value is None or value is NO_VALUE else type_name(value))
    if value is None or value is NO_VALUE:
        return verb.padded("<nil>") if verb.letter == "v" else f"%!{verb.letter}(<nil>)"
    own = own_text(value)
    if own is not None and verb.letter in "vsqxX":
        return text_with(own, verb)
    scalar = scalar_with(value, verb)
    return collection_with(value, verb) if scalar is None else scalar


def own_text(value: Value) -> str | None:
    """What a value that prints itself prints; None for others."""
    if isinstance(value, NamedList) and value.text is not None:
        return value.text
    prints_json = isinstance(value, JsonMap | NamedList)
    if prints_json or (isinstance(value, Struct) and value.prints_json):
        return compact_json(value)
    return None


def scalar_with(value: Value, verb: Verb) -> str | None:
    """A boolean, number or string; None for another kind."""
    if isinstance(value, bool):
        text = str(value).lower()
        return verb.padded(text) if verb.letter in "vt" else misfit(value, verb)
    if isinstance(value, int):
        return integer_with(value, verb)
    if isinstance(value, float):
        return float_with(value, verb)
    if isinstance(value, str):
        return text_with(value, verb)
    if isinstance(value, bytes) and verb.letter in "sqxX":
        return text_with(value.decode("utf-8", "surrogateescape"), verb)
    return None


def misfit(value: Value, verb: Verb) -> str:
    """%!d(string=hi)"""
    return f"%!{verb.letter}({type_name(value)}={printed(value)})"


def integer_with(value: int, verb: Verb) -> str:
    """An integer in any base, or as the character with its number."""
    if verb.letter in "vd":
        return verb.padded(signed(str(value), verb), zeros=True)
    if verb.letter in BASES:
        return verb.padded(signed(format(value, BASES[verb.letter]), verb), zeros=True)
    if verb.letter not in "cqU":
        return misfit(value, verb)
    is_code = 0 <= value <= 0x10FFFF and not 0xD800 <= value <= 0xDFFF
    char = chr(value) if is_code else "\ufffd"
    if verb.letter == "U":
        return verb.padded(f"U+{value:04X}")
    if verb.letter == "c":
        return verb.padded(char)
    inner = "\\'" if char == "'" else '"' if char == '"' else quoted(char)[1:-1]
    return verb.padded(f"'{inner}'")


def float_with(value: float, verb: Verb) -> str:
    """A float: the shortest decimal for %v and %g, digits after the point for %f and %e."""
    if verb.letter not in "veEfFgG":
        return misfit(value, verb)
    if not math.isfinite(value):
        text = {math.inf: "+Inf", -math.inf: "-Inf"}.get(value, "NaN")
        return verb.padded(text if "+" in verb.flags else text.removeprefix("+"))
    letter = "g" if verb.letter == "v" else verb.letter
    if letter in "gG" and verb.precision is None:
        text = go_value(value)
        text = text.upper() if letter == "G" else text
    else:
        precision = 6 if verb.precision is None else verb.precision
        text = format(value, f".{precision}{letter}")
    return verb.padded(signed(text, verb), zeros=True)


def signed(text: str, verb: Verb) -> str:
    """A number with the sign that the flags ask for."""
    if text.startswith("-"):
        return text
    return "+" + text if "+" in verb.flags else " " + text if " " in verb.flags else text


def text_with(text: str, verb: Verb) -> str:
    """A string as it is, quoted, or as the hexadecimal of its bytes."""
    if verb.letter in "xX":
        data = to_bytes(text)
        hexadecimal = data[: verb.precision].hex(" " if " " in verb.flags else "")
        return verb.padded(hexadecimal.upper() if verb.letter == "X" else hexadecimal)
    if verb.letter not in "vsq":
        return misfit(text, verb)
    if verb.letter != "v":
        text = text[: verb.precision]
    if verb.letter == "q" or (verb.letter == "v" and "#" in verb.flags):
        return verb.padded(quoted(text))
    return verb.padded(text)


def collection_with(value: Value, verb: Verb) -> str:
    """[a b] for a list, map[k:v] for a map, {a b} for a struct; the verb is that of the items."""
    if isinstance(value, list | bytes):
        return "[" + " ".join(formatted(item, verb) for item in value) + "]"
    if isinstance(value, dict):
        return "map[" + " ".join(pairs(sorted(value.items()), verb)) + "]"
    if not isinstance(value, Struct):
        return "?"
    if "+" in verb.flags:
        return "{" + " ".join(pairs(value.fields.items(), verb)) + "}"
    return "{" + " ".join(formatted(item, verb) for item in value.fields.values()) + "}"


def pairs(items: Iterable[tuple[str, Value]], verb: Verb) -> Iterable[str]:
    """name:value"""
    return (f"{name}:{formatted(item, verb)}" for name, item in items)


def compact_json(value: Value) -> str:
    """JSON as Go's encoder writes it: no blanks, keys of maps sorted, nothing that HTML reads."""
    if isinstance(value, str):
        text = to_bytes(value).decode("utf-8", "replace")
        return json.dumps(text, ensure_ascii=False).translate(HTML_ESCAPES)
    if isinstance(value, float):
        return json_number(value)
    if isinstance(value, bool | int):
        return json.dumps(value)
    if isinstance(value, Struct):
        return json_object(value.fields if value.json is None else value.json)
    if isinstance(value, dict):
        return json_object(dict(sorted(value.items())))
    if isinstance(value, bytes):
        return compact_json(base64.b64encode(value).decode())
    if isinstance(value, list):
        return json_list(value)
    return "null"


def json_object(items: Mapping[str, Value]) -> str:
    """An object, its keys in the order they are in."""
    inside = (f"{compact_json(key)}:{compact_json(item)}" for key, item in items.items())
    return "{" + ",".join(inside) + "}"


def json_list(value: list[Value]) -> str:
    """A list, or what stands for it."""
    if isinstance(value, NamedList):
        if value.is_nil:
            return "null"
        if value.json is not None:
            return compact_json(value.json)
    return "[" + ",".join(map(compact_json, value)) + "]"


def json_number(value: float) -> str:
    """A float64; ValueError for one that JSON does not have."""
    if not math.isfinite(value):
        raise ValueError("json: unsupported value")
    return go_json(value).decode().rstrip("\n")
