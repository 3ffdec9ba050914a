"""Sizes, times and tables in the words and widths that Ollama prints."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

__all__ = ["human_bytes", "human_time", "parse_time", "table"]

UNITS = ((10**12, "TB"), (10**9, "GB"), (10**6, "MB"), (10**3, "KB"))
GAP = "    "
YEAR = 24 * 365  # hours
ZERO_YEAR = 1  # the year of Go's zero time


def human_bytes(size: int) -> str:
    """Decimal units: 999 B, 1 KB, 1.0 KB for 1040, 10 GB."""
    for unit, name in UNITS:
        if size >= unit:
            if size >= 10 * unit:
                return f"{size // unit} {name}"
            return f"{size / unit:.1f} {name}" if size % unit else f"{size // unit} {name}"
    return f"{size} B"


def parse_time(text: str) -> datetime:
    """A time of the API, RFC 3339 with up to nine digits of a second."""
    return datetime.fromisoformat(text)


def human_time(time: datetime, now: datetime | None = None) -> str:
    """How long ago, or how long from now: ``3 days ago``, ``4 minutes from now``."""
    if time.year == ZERO_YEAR:
        return "Never"
    past = (now or datetime.now(UTC)) - time
    if int(past / timedelta(hours=1)) / YEAR < -20:
        return "Forever"
    if past < timedelta(0):
        return f"{_duration(-past)} from now"
    return f"{_duration(past)} ago"


def _duration(length: timedelta) -> str:
    """A rough length of time in words."""
    seconds = int(length.total_seconds())
    if seconds < 60:
        return {0: "Less than a second", 1: "1 second"}.get(seconds, f"{seconds} seconds")
    if seconds < 3600:
        return "About a minute" if seconds < 120 else f"{seconds // 60} minutes"
    hours = int(length / timedelta(hours=1) + 0.5)
    if hours < 48:
        return "About an hour" if hours == 1 else f"{hours} hours"
    days = hours // 24
    if days < 14:
        return f"{days} days"
    if days < 60:
        return f"{days // 7} weeks"
    if days < 365 * 2:
        return f"{days // 30} months"
    return f"{int(length / timedelta(days=365))} years"


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table without borders: each cell as wide as its column, four blanks between columns."""
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    padded = [
        [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        for row in (header, *rows)
    ]
    lines = [GAP.join(padded[0]) + " ", *(GAP.join(row) + GAP for row in padded[1:])]
    return "\n".join(lines)
