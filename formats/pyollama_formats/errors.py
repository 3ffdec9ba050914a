"""The root of every error that pyollama raises on purpose."""


class PyollamaError(Exception):
    """An error with a message fit for the person who sent the input."""


class FormatError(PyollamaError):
    """A file or blob is not what its format says it should be."""
