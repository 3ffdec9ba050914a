"""What goes wrong with a Go template, in the words of Go's text/template."""

from pyollama.errors import EngineError

__all__ = ["ExecutionError", "GoTemplateError", "ParseError"]


class GoTemplateError(EngineError):
    """A template that cannot be parsed or run."""


class ParseError(GoTemplateError):
    """The text is no template."""


class ExecutionError(GoTemplateError):
    """The template asks for what the data does not have, or for more than it may."""
