"""The error of a vocabulary that cannot be used."""

from pyollama.errors import FormatError


class TokenizerError(FormatError):
    """The tokenizer keys of a GGUF file are missing, contradict each other, or are unknown."""
