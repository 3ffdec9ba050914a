"""Python's two ways of formatting text, for templates of strangers.

A format of a few characters may ask for a result of any width (``'%9999999999d'``,
``'{:>{}}'``), so what a width says is paid for before anything is formatted. Fields of
``str.format`` reach attributes only as expressions of the template do.
"""

import re
from collections.abc import Callable, Mapping
from string import Formatter
from typing import Any

from jinja2 import TemplateError
from jinja2.sandbox import SandboxedEnvironment, SandboxedEscapeFormatter, SandboxedFormatter
from markupsafe import Markup

from pyollama.prompt.budget import printed, spend

__all__ = ["formatter_of", "price_of_percent"]

# A width can only stand behind a "%" or behind the ")" of a key, with flags between.
WIDTHS = re.compile(r"[%)][-+ #0]*(\*|\d+)?(?:\.(\*|\d+))?")
DIGITS = re.compile(r"\d+")


def price_of_percent(text: str, values: Any) -> int:
    """Units for ``text % values``; TemplateError if a width is among the values."""
    widths = [width for pair in WIDTHS.findall(text) for width in pair if width]
    if "*" in widths:
        raise TemplateError("the width of a format must stand in it")
    times = text.count("%") if isinstance(values, Mapping) else 1  # a key may be named repeatedly
    return len(text) + sum(map(int, widths)) + times * printed(values)


def formatter_of(environment: SandboxedEnvironment, text: str) -> Callable[..., str]:
    """The method ``format`` of a text."""
    formatter = (
        PayingEscapeFormatter(environment, escape=text.escape)
        if isinstance(text, Markup)
        else PayingFormatter(environment)
    )

    def format_text(*args: Any, **kwargs: Any) -> str:
        spend(len(text))
        return type(text)(formatter.vformat(text, args, kwargs))

    return format_text


class Paying(Formatter):
    """A formatter whose fields are paid for."""

    def format_field(self, value: Any, format_spec: str) -> str:
        """One field; each number of its specification may be a width."""
        spend(printed(value) + sum(map(int, DIGITS.findall(format_spec))))
        return str(super().format_field(value, format_spec))

    def convert_field(self, value: Any, conversion: Any) -> Any:
        """What ``!s`` or ``!r`` makes of a value."""
        spend(printed(value) if conversion else 0)
        return super().convert_field(value, conversion)


class PayingFormatter(Paying, SandboxedFormatter):
    """For plain text."""


class PayingEscapeFormatter(Paying, SandboxedEscapeFormatter):
    """For text that is marked as safe, whose values are escaped."""
