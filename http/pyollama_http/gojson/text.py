"""How Go writes characters, numbers and times as text.

Sources: encoding/json (quoteChar, floatEncoder) and time.RFC3339Nano of Go.
"""

import codecs
import functools
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from pyollama.errors import FormatError
from pyollama.gotext import go_quoted

__all__ = ["BYTEWISE", "clean", "float_text", "quote_byte", "time_text"]

BYTEWISE = "pyollama-bytewise"  # an error handler for bytes.decode
SURROGATE = re.compile("[\ud800-\udfff]")
CHARACTER = (  # of two bytes or more, in UTF-8
    rb"[\xc2-\xdf][\x80-\xbf]|(?:\xe0[\xa0-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]|\xed[\x80-\x9f]"
    rb"|(?:\xf0[\x90-\xbf]|[\xf1-\xf3][\x80-\xbf]|\xf4[\x80-\x8f])[\x80-\xbf])[\x80-\xbf]"
)
NO_CHARACTERS = re.compile(rb"(?:(?!%s)[\x80-\xff]){1,65536}+" % CHARACTER)
SLICE = 1 << 16  # characters that are looked at before other threads may go on
NANOSECONDS = 1_000_000_000


def _replace_bytewise(error: UnicodeError) -> tuple[str, int]:
    """One U+FFFD for each byte that is not UTF-8, where Python's own handler may join several.

    Bad bytes seldom come alone, and being called for each of millions would take minutes.
    """
    assert isinstance(error, UnicodeDecodeError)
    run = NO_CHARACTERS.match(error.object, error.start)
    assert run is not None
    return "\ufffd" * len(run[0]), run.end()


codecs.register_error(BYTEWISE, _replace_bytewise)


def clean(text: str) -> str:
    """The text with U+FFFD in place of every lone surrogate."""
    if text.isascii():
        return text
    slices = (text[start : start + SLICE] for start in range(0, len(text), SLICE))
    return "".join(SURROGATE.sub("\ufffd", part) for part in slices)


def quote_byte(byte: int) -> str:
    """A byte of a body in single quotes, as syntax errors show it: read as Latin-1."""
    special = {0x27: "'\\''", 0x22: "'\"'"}
    return special.get(byte) or f"'{go_quoted(chr(byte))[1:-1]}'"


def float_text(value: float) -> str:
    """The shortest decimal that reads back as the same float64: 0.1, 1, 1e-7, 1e+21.

    FormatError, in Go's words, for what is no number in JSON.
    """
    if value == 0 or 1e-6 <= abs(value) < 1e21:
        text = format(Decimal(repr(value)), "f")
        return text.removesuffix(".0")
    if value - value != 0:
        name = "NaN" if value != value else "+Inf" if value > 0 else "-Inf"
        raise FormatError(f"json: unsupported value: {name}")
    digits, _, exponent = f"{value!r}".partition("e")
    return f"{digits}e{exponent[0]}{exponent[1:].lstrip('0')}"


def time_text(nanoseconds: int, *, local: bool = False) -> str:
    """Nanoseconds since 1970 as RFC 3339, the fraction without zeros at its end.

    UTC with a Z, or, if local, with this machine's offset at that time (Z if it is zero).
    """
    seconds, rest = divmod(nanoseconds, NANOSECONDS)
    fraction = f".{rest:09d}".rstrip("0") if rest else ""
    if not local:
        return f"{_utc(seconds)}{fraction}Z"
    moment = datetime.fromtimestamp(seconds, tz=UTC).astimezone()
    return f"{moment:%Y-%m-%dT%H:%M:%S}{fraction}{_zone(moment)}"


@functools.lru_cache(maxsize=16)  # many tokens fall into one second
def _utc(seconds: int) -> str:
    """Date and time of seconds since 1970."""
    return f"{datetime.fromtimestamp(seconds, tz=UTC):%Y-%m-%dT%H:%M:%S}"


def _zone(moment: datetime) -> str:
    """The offset from UTC as +02:00, or Z."""
    offset = moment.strftime("%z")  # such as +0200
    return f"{offset[:3]}:{offset[3:5]}" if moment.utcoffset() != timedelta(0) else "Z"
