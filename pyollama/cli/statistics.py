"""The statistics of ``--verbose``, from the last line of an answer."""

from typing import Any

from pyollama.durations import duration_text

__all__ = ["timings"]

NANOSECONDS = 1e9  # in a second


def timings(last: dict[str, Any]) -> str:
    """The block of ``--verbose``, from the last line of an answer; what is zero is left out."""
    rows = [
        ("total duration", _duration(last, "total_duration")),
        ("load duration", _duration(last, "load_duration")),
        ("prompt eval count", _count(last, "prompt_eval_count")),
        ("prompt eval duration", _duration(last, "prompt_eval_duration")),
        ("prompt eval rate", _rate(last, "prompt_eval")),
        ("eval count", _count(last, "eval_count")),
        ("eval duration", _duration(last, "eval_duration")),
        ("eval rate", _rate(last, "eval")),
    ]
    return "\n".join(f"{label + ':':<22}{value}" for label, value in rows if value)


def _duration(last: dict[str, Any], key: str) -> str:
    return duration_text(last[key]) if last.get(key) else ""


def _count(last: dict[str, Any], key: str) -> str:
    return f"{last[key]} token(s)" if last.get(key) else ""


def _rate(last: dict[str, Any], key: str) -> str:
    count, nanoseconds = last.get(f"{key}_count", 0), last.get(f"{key}_duration", 0)
    return f"{count / nanoseconds * NANOSECONDS:.2f} tokens/s" if count and nanoseconds else ""
