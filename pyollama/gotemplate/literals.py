"""Constants of Go: numbers in every base, characters and strings with escapes."""

import math
import re

__all__ = ["number", "unquoted"]

SIMPLE = {"a": 7, "b": 8, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11, "\\": 92, "'": 39, '"': 34}
ESCAPE = re.compile(
    r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|(.))", re.DOTALL
)
BASES = {"x": 16, "o": 8, "b": 2}
LARGEST_INT = (1 << 63) - 1
MAX_DIGITS = 400  # of an integer; more than any number needs


def number(text: str) -> int | float:
    """The value of a number or of a character constant. Raises ValueError with Go's words."""
    if text.startswith("'"):
        return _character(text)
    if len(text) > MAX_DIGITS:
        raise ValueError(f'illegal number syntax: "{text[:20]}…"')
    digits = text.lstrip("+-").lower()
    try:
        is_hex = digits.startswith("0x")
        if "p" in digits or (not is_hex and ("." in digits or "e" in digits)):
            return _float(text)
        value = _integer(digits) * (-1 if text.startswith("-") else 1)
    except ValueError:
        raise ValueError(f'illegal number syntax: "{text}"') from None
    if not -LARGEST_INT - 1 <= value <= LARGEST_INT:
        raise ValueError(f'integer overflow: "{text}"')
    return value


def _integer(digits: str) -> int:
    """0x1F, 0o17, 017, 0b1, 1_000."""
    if digits[:1] == "0" and digits[1:2] in BASES:
        return int(digits[2:], BASES[digits[1]])
    if digits[:1] == "0" and len(digits) > 1:
        return int(digits, 8)
    return int(digits)


def _float(text: str) -> float:
    is_hex = "p" in text.lower()
    value = float.fromhex(text.replace("_", "")) if is_hex else float(text)
    if not math.isfinite(value):
        raise ValueError
    return value


def _character(text: str) -> int:
    """'a' as its code point."""
    inner = unquoted(text)
    if len(inner) != 1:
        raise ValueError(f"malformed character constant: {text}")
    code = ord(inner)
    return code - 0xDC00 if 0xDC80 <= code <= 0xDCFF else code  # a byte, not a code point


def unquoted(text: str) -> str:
    """The value of a quoted string; bytes that are no UTF-8 become lone surrogates.

    Raises ValueError with Go's words.
    """
    quote, inner = text[0], text[1:-1]
    if quote == "`":
        return inner.replace("\r", "")
    pieces: list[bytes] = []
    at = 0
    while at < len(inner):
        end = inner.find("\\", at)
        end = len(inner) if end < 0 else end
        pieces.append(inner[at:end].encode("utf-8", "surrogatepass"))
        at = end
        if at < len(inner):
            piece, at = _escape(inner, at, quote)
            pieces.append(piece)
    return b"".join(pieces).decode("utf-8", "surrogateescape")


def _escape(inner: str, at: int, quote: str) -> tuple[bytes, int]:
    """The bytes of one escape, and where the text goes on."""
    found = ESCAPE.match(inner, at)
    if not found:
        raise ValueError("invalid syntax")
    byte, short, long, octal, simple = found.groups()
    if byte or octal:
        code = int(byte, 16) if byte else int(octal, 8)
        if code > 255:
            raise ValueError("invalid syntax")
        return bytes([code]), found.end()
    if short or long:
        code = int(short or long, 16)
        if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
            raise ValueError("invalid syntax")
        return chr(code).encode(), found.end()
    if simple not in SIMPLE or (simple in "'\"" and simple != quote):
        raise ValueError("invalid syntax")
    return bytes([SIMPLE[simple]]), found.end()
