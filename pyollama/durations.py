"""Durations as Go writes them: ``1h30m``, ``1.5s``, ``300ms``, ``-1m``; all values are nanoseconds.

Source: the grammar of Go's time.ParseDuration and Duration.String, which keep_alive values,
OLLAMA_KEEP_ALIVE and the timings of ``run --verbose`` follow.
"""

import re

from pyollama.gotext import go_quoted

__all__ = ["FOREVER", "duration_text", "parse_duration"]

FOREVER = 2**63 - 1

NANOSECONDS = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,
    "μs": 1_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
}
TERM = re.compile(r"(?P<whole>[0-9]*)(?:\.(?P<fraction>[0-9]*))?(?P<unit>[^0-9.]*)")


def parse_duration(text: str) -> int:
    """The nanoseconds of a duration such as ``1h30m``; ValueError carries Go's words."""
    at = 1 if text[:1] in ("+", "-") else 0
    if text[at:] == "0":
        return 0
    if at == len(text):
        raise ValueError(f"time: invalid duration {go_quoted(text)}")
    total = 0
    while at < len(text):
        term = TERM.match(text, at)
        assert term is not None  # every group may be empty
        total += _nanoseconds(term, text)
        at = term.end()
    if total >= 2**63:
        raise ValueError(f"time: invalid duration {go_quoted(text)}")
    return -total if text.startswith("-") else total


def _nanoseconds(term: re.Match[str], text: str) -> int:
    """The value of one number with its unit."""
    whole, fraction, unit = term["whole"], term["fraction"] or "", term["unit"]
    if not whole and not fraction:
        raise ValueError(f"time: invalid duration {go_quoted(text)}")
    if not unit:
        raise ValueError(f"time: missing unit in duration {go_quoted(text)}")
    if unit not in NANOSECONDS:
        raise ValueError(f"time: unknown unit {go_quoted(unit)} in duration {go_quoted(text)}")
    if len(whole) > 19:  # more digits than 2**63 has; int() of a long text is slow
        raise ValueError(f"time: invalid duration {go_quoted(text)}")
    scale = NANOSECONDS[unit]
    digits = fraction[:18] or "0"
    return int(whole or "0") * scale + int(digits) * scale // int("1" + "0" * len(digits))


def duration_text(nanoseconds: int) -> str:
    """A duration as Go prints it: ``4.648158584s``, ``342.5ms``, ``1m0s``, ``0s``."""
    sign, rest = ("-", -nanoseconds) if nanoseconds < 0 else ("", nanoseconds)
    if rest < NANOSECONDS["s"]:
        return sign + _below_a_second(rest)
    hours, rest = divmod(rest, NANOSECONDS["h"])
    minutes, rest = divmod(rest, NANOSECONDS["m"])
    seconds = decimal(rest, NANOSECONDS["s"]) + "s"
    if hours:
        return f"{sign}{hours}h{minutes}m{seconds}"
    return f"{sign}{minutes}m{seconds}" if minutes else sign + seconds


def _below_a_second(nanoseconds: int) -> str:
    """The text in the largest unit that leaves at least one whole."""
    if nanoseconds == 0:
        return "0s"
    unit = next(unit for unit in ("ms", "µs", "ns") if nanoseconds >= NANOSECONDS[unit])
    return decimal(nanoseconds, NANOSECONDS[unit]) + unit


def decimal(value: int, unit: int) -> str:
    """value / unit, exactly, with no zeros at the end; unit is a power of ten."""
    whole, rest = divmod(value, unit)
    fraction = str(rest).rjust(len(str(unit)) - 1, "0").rstrip("0")
    return f"{whole}.{fraction}" if fraction else str(whole)
