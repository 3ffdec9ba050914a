"""Go's way of writing JSON and numbers, as far as blobs and the texts of show need it.

Digests depend on these bytes: keys of maps sorted, no blanks, ``<``, ``>``, ``&`` and the two
Unicode line ends escaped, numbers as float64 in the shortest form that reads back.
"""

import json
import math
import re
from decimal import Decimal
from typing import Any

__all__ = ["go_json", "go_quoted", "go_value"]

HTML_ESCAPES = str.maketrans(
    {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
)
QUOTED = {"\a": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
UNPLAIN = re.compile(r"[^ !#-\[\]-~]")  # what is not printable ASCII, or needs a backslash
MAX_QUOTED = 1 << 16  # characters, far beyond what a message of a mistake is read for
QUOTED |= {"\v": "\\v", '"': '\\"', "\\": "\\\\"}


def go_json(value: Any, *, sort_keys: bool = True) -> bytes:
    """Compact JSON in Go's bytes, with the newline that Go's encoder puts at the end.

    The keys of a dict are sorted, as those of Go's maps are, or left in their order, as the fields
    of Go's structs are.
    """
    return _json(value, sort_keys).encode("utf-8", "replace") + b"\n"


def _json(value: Any, sort_keys: bool) -> str:
    """One value, without the newline."""
    if isinstance(value, dict):
        keys = sorted(value) if sort_keys else value
        items = (f"{_json(key, sort_keys)}:{_json(value[key], sort_keys)}" for key in keys)
        return "{" + ",".join(items) + "}"
    if isinstance(value, list):
        return "[" + ",".join(_json(item, sort_keys) for item in value) + "]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).translate(HTML_ESCAPES)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _number(float(value), smallest=-6, largest=20, exponent_digits=1)
    return json.dumps(value)


def _number(value: float, *, smallest: int, largest: int, exponent_digits: int) -> str:
    """The shortest decimal; with an exponent if the power of ten is not in [smallest, largest]."""
    if not math.isfinite(value):  # JSON has no such number, but 1e999 decodes to one
        return {math.inf: "+Inf", -math.inf: "-Inf"}.get(value, "NaN")
    sign, digit_tuple, scale = Decimal(repr(value)).normalize().as_tuple()
    digits = "".join(map(str, digit_tuple))
    minus = "-" if sign else ""
    power = len(digits) - 1 + int(scale)
    if value == 0 or smallest <= power <= largest:
        return minus + f"{Decimal(repr(abs(value))).normalize():f}"
    mantissa = digits[0] + ("." + digits[1:] if len(digits) > 1 else "")
    return f"{minus}{mantissa}e{'-' if power < 0 else '+'}{abs(power):0{exponent_digits}d}"


def go_value(value: Any) -> str:
    """A value decoded from JSON as Go's %v prints it: 1e+06 for a million, [a b] for a list."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return _number(float(value), smallest=-4, largest=5, exponent_digits=2)
    if isinstance(value, list):
        return "[" + " ".join(map(go_value, value)) + "]"
    if isinstance(value, dict):
        return "map[" + " ".join(f"{key}:{go_value(value[key])}" for key in sorted(value)) + "]"
    return "<nil>" if value is None else str(value)


def go_quoted(text: str) -> str:
    """A string in double quotes as Go's %q writes it: control characters escaped, text kept.

    Nobody reads more than MAX_QUOTED characters; what comes after them is left out.
    """
    return '"' + UNPLAIN.sub(_quoted_character, text[:MAX_QUOTED]) + '"'


def _quoted_character(match: re.Match[str]) -> str:
    char = match[0]
    if char in QUOTED:
        return QUOTED[char]
    if char.isprintable():
        return char
    code = ord(char)
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
