"""JSON as prompts show it to models: Go's, in three spellings.

    compact        {"a":"\\u003cb\\u003e","c":[1,2]}     what Go's encoder writes
    spaced         {"a": "\\u003cb\\u003e", "c": [1, 2]} a space after each colon and comma
    plain spaced   {"a": "<b>", "c": [1, 2]}           the same, and nothing escaped for HTML

Objects are written in the order they have; `sorted_keys` gives them the order of Go's maps. Numbers
are float64, as Go decodes them, so 12345678901234567890 prints as 12345678901234567000.
"""

import json
import sys
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pyollama.errors import EngineError
from pyollama.gotext import HTML_ESCAPES, go_json, go_value

__all__ = ["arg", "compact", "plain_spaced", "sorted_keys", "spaced"]

MAX_DEPTH = 200
"""Levels of nesting that a prompt may show; Python's own stack ends at some hundreds more."""

MAX_FLOAT = sys.float_info.max

LINE_ENDS = str.maketrans({"\u2028": "\\u2028", "\u2029": "\\u2029"})  # escaped even when plain

quoted = json.JSONEncoder(ensure_ascii=False).encode


@dataclass(frozen=True)
class Spelling:
    """What stands between the items and after the keys, and whether < > & are escaped."""

    comma: str = ","
    colon: str = ":"
    html_safe: bool = True

    def write(self, value: Any, depth: int = 0) -> str:
        """One value. Raises EngineError if it is nested too deeply."""
        if isinstance(value, str):
            return quoted(value).translate(HTML_ESCAPES if self.html_safe else LINE_ENDS)
        if not isinstance(value, dict | list | tuple):
            return scalar(value)
        require_shallow(depth)
        if isinstance(value, dict):
            return "{" + self.comma.join(self._pairs(value, depth)) + "}"
        return "[" + self.comma.join([self.write(item, depth + 1) for item in value]) + "]"

    def _pairs(self, value: dict[Any, Any], depth: int) -> list[str]:
        """The entries of an object."""
        return [
            self.write(str(key)) + self.colon + self.write(item, depth + 1)
            for key, item in value.items()
        ]


COMPACT = Spelling()
SPACED = Spelling(comma=", ", colon=": ")
PLAIN_SPACED = Spelling(comma=", ", colon=": ", html_safe=False)


def compact(value: Any) -> str:
    """JSON without blanks. Raises EngineError if the value is nested too deeply."""
    return COMPACT.write(value)


def spaced(value: Any) -> str:
    """JSON with a space after each colon and comma. Raises EngineError."""
    return SPACED.write(value)


def plain_spaced(value: Any) -> str:
    """JSON with a space after each colon and comma, and <, >, & kept. Raises EngineError."""
    return PLAIN_SPACED.write(value)


def sorted_keys(value: Any, depth: int = 0) -> Any:
    """The value with the keys of all its objects sorted, as Go prints maps. Raises EngineError."""
    require_shallow(depth)
    if isinstance(value, dict):
        return {key: sorted_keys(value[key], depth + 1) for key in sorted(value)}
    if isinstance(value, list):
        return [sorted_keys(item, depth + 1) for item in value]
    return value


def arg(value: Any) -> str:
    """An argument of a call between XML tags: text as it is, lists and objects in compact JSON.

    Numbers print as Go's %v has them, 1e+06 for a million. Raises EngineError.
    """
    if value is None:
        return "null"
    if isinstance(value, dict | list):
        return compact(sorted_keys(value))
    return go_value(value)


def scalar(value: Any) -> str:
    """A number, true, false or null, as `go_json` writes it, but many times faster for numbers."""
    if isinstance(value, bool) or value is None or not abs(value) < MAX_FLOAT:
        return go_json(value).decode().rstrip("\n")
    digits = repr(float(value))  # the fewest that read back, which is Go's choice too
    mantissa, has_exponent, exponent = digits.partition("e")
    if not has_exponent:
        return digits.removesuffix(".0")
    if 1e-6 <= abs(value) < 1e21:
        return f"{Decimal(digits):f}"
    return f"{mantissa}e{int(exponent):+d}"


def require_shallow(depth: int) -> None:
    """Raise EngineError for a value that is nested too deeply."""
    if depth > MAX_DEPTH:
        raise EngineError("the tools or the arguments of a call are nested too deeply")
