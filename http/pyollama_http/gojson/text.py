"""How Go writes characters, numbers and times as text.

Sources: encoding/json (quoteChar, floatEncoder) and time.RFC3339Nano of Go.
"""

import codecs
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from pyollama.gotext import go_quoted

__all__ = ["BYTEWISE", "clean", "float_text", "quote_byte", "time_text"]

BYTEWISE = "pyollama-bytewise"  # an error handler for bytes.decode
SURROGATE = re.compile("[\ud800-\udfff]")
NANOSECONDS = 1_000_000_000


def _replace_bytewise(error: UnicodeError) -> tuple[str, int]:
    """One U+FFFD for each byte that is not UTF-8, where Python's own handler may join several."""
    assert isinstance(error, UnicodeDecodeError)
    return "\ufffd" * (error.end - error.start), error.end


codecs.register_error(BYTEWISE, _replace_bytewise)


def clean(text: str) -> str:
    """The text with U+FFFD in place of every lone surrogate."""
    return text if text.isascii() else SURROGATE.sub("\ufffd", text)


def quote_byte(byte: int) -> str:
    """A byte of a body in single quotes, as syntax errors show it: read as Latin-1."""
    special = {0x27: "'\\''", 0x22: "'\"'"}
    return special.get(byte) or f"'{go_quoted(chr(byte))[1:-1]}'"


def float_text(value: float) -> str:
    """The shortest decimal that reads back as the same float64: 0.1, 1, 1e-7, 1e+21."""
    if value == 0 or 1e-6 <= abs(value) < 1e21:
        text = format(Decimal(repr(value)), "f")
        return text.removesuffix(".0")
    if value - value != 0:
        raise ValueError(f"JSON has no number for {value}")
    digits, _, exponent = f"{value!r}".partition("e")
    return f"{digits}e{exponent[0]}{exponent[1:].lstrip('0')}"


def time_text(nanoseconds: int, *, local: bool = False) -> str:
    """Nanoseconds since 1970 as RFC 3339, the fraction without zeros at its end.

    UTC with a Z, or, if local, with this machine's offset at that time (Z if it is zero).
    """
    seconds, rest = divmod(nanoseconds, NANOSECONDS)
    moment = datetime.fromtimestamp(seconds, tz=UTC)
    if local:
        moment = moment.astimezone()
    fraction = f".{rest:09d}".rstrip("0") if rest else ""
    return f"{moment:%Y-%m-%dT%H:%M:%S}{fraction}{_zone(moment)}"


def _zone(moment: datetime) -> str:
    """The offset from UTC as +02:00, or Z."""
    offset = moment.strftime("%z")  # such as +0200
    return f"{offset[:3]}:{offset[3:5]}" if moment.utcoffset() != timedelta(0) else "Z"
