"""What every fault of a GGUF file is reported as."""

from pyollama_formats.errors import FormatError


class GGUFError(FormatError):
    """The file is not a GGUF file that this reader can use; the message says what is wrong."""
