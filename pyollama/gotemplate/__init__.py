"""Go's text/template, as far as the templates of models use it.

lexer      text to tokens
parser     tokens to trees; nodes has their kinds, literals the constants
evaluator  trees and data to text; functions has what templates may call
values     the kinds of data, printing how Go writes them, sprintf its formats
limits     how long and how large all of this may get

A template comes with a model from anywhere, and so does its data: both are treated as hostile.
"""

from collections.abc import Mapping

from pyollama.gotemplate.errors import ExecutionError, GoTemplateError, ParseError
from pyollama.gotemplate.evaluator import execute
from pyollama.gotemplate.parser import Trees, parse
from pyollama.gotemplate.values import Value

__all__ = ["ExecutionError", "GoTemplate", "GoTemplateError", "ParseError", "Trees"]


class GoTemplate:
    """A parsed template. Raises ParseError if the text is none."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.trees = parse(source)

    def execute(self, data: Mapping[str, Value]) -> str:
        """The text that it makes of the data. Raises ExecutionError."""
        return execute(self.source, self.trees, data)
