"""Text to token ids and back, from the vocabulary stored in a GGUF file."""

from pyollama.tokenizer.base import Tokenizer
from pyollama.tokenizer.errors import TokenizerError
from pyollama.tokenizer.loading import load_tokenizer
from pyollama.tokenizer.stream import StreamDecoder

__all__ = ["StreamDecoder", "Tokenizer", "TokenizerError", "load_tokenizer"]
