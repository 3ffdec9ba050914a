"""What can be wrong with a schema."""

from pyollama.errors import PyollamaError


class SchemaError(PyollamaError):
    """A schema says something that no grammar is made of."""


class GrammarError(PyollamaError):
    """A grammar that nothing matches, that recurses without an end, or that is too large."""
