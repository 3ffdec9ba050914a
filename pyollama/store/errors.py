"""What can go wrong inside the store and is nobody's bad request."""

from pyollama.errors import PyollamaError

__all__ = ["StoreError"]


class StoreError(PyollamaError):
    """A blob, manifest or folder of the store cannot be read or written."""
