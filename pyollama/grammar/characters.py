"""Characters and sets of characters, as regular expressions over the text of a JSON string.

In such a text a character stands for itself, except those that JSON escapes: the quote, the
backslash and the control characters. A set is a list of ranges of code points, sorted and apart.
"""

import json
from collections.abc import Iterable

Range = tuple[int, int]
"""The first and the last code point."""

LAST = 0x10FFFF
DELETE = 0x7F  # JSON would take it as it is; Ollama's grammars never do
SURROGATES = (0xD800, 0xDFFF)
ESCAPED = [*range(0x20), ord('"'), ord("\\"), DELETE]

DIGITS: list[Range] = [(0x30, 0x39)]
WORD: list[Range] = [(0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A)]
SPACES: list[Range] = [(0x09, 0x0D), (0x20, 0x20)]
LINE_ENDS: list[Range] = [(0x0A, 0x0A), (0x0D, 0x0D)]


def literal(text: str) -> str:
    """The expression that matches a text and nothing else."""
    return "".join(_literal(character) for character in text)


def _literal(character: str) -> str:
    if character.isascii() and (character.isalnum() or character in " _,:<>=!@%;'"):
        return character
    return f"\\x{{{ord(character):x}}}"


def in_string(code: int) -> str:
    """How a JSON string spells a code point: itself, or its shortest escape."""
    return "\\u007f" if code == DELETE else json.dumps(chr(code), ensure_ascii=False)[1:-1]


def normalized(ranges: Iterable[Range]) -> list[Range]:
    """The same set, in ranges that are sorted and neither overlap nor touch."""
    merged: list[Range] = []
    for first, last in sorted(ranges):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return merged


def complement(ranges: Iterable[Range]) -> list[Range]:
    """Every other code point."""
    gaps, start = [], 0
    for first, last in normalized(ranges):
        if start < first:
            gaps.append((start, first - 1))
        start = last + 1
    return [*gaps, (start, LAST)] if start <= LAST else gaps


def any_of(ranges: Iterable[Range]) -> str:
    """The expression of one character out of a set, as a JSON string spells it; "" for none."""
    ranges = normalized(ranges)
    special = [(code, code) for code in ESCAPED]
    plain = complement([*complement(ranges), *special, SURROGATES])
    spelled = [code for code in ESCAPED if any(first <= code <= last for first, last in ranges)]
    parts = [literal(in_string(code)) for code in spelled]
    if plain:
        parts.append("[" + "".join(f"\\x{{{a:x}}}-\\x{{{b:x}}}" for a, b in plain) + "]")
    return f"(?:{'|'.join(parts)})" if parts else ""
