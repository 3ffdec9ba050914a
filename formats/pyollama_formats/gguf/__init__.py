"""GGUF, the file format of llama.cpp's and Ollama's models: one reader, one function to write."""

from pyollama_formats.gguf.errors import GGUFError
from pyollama_formats.gguf.reader import GGUFFile, open_gguf
from pyollama_formats.gguf.tensors import TensorInfo
from pyollama_formats.gguf.values import LazyArray, ValueType
from pyollama_formats.gguf.writer import write_gguf

__all__ = [
    "GGUFError",
    "GGUFFile",
    "LazyArray",
    "TensorInfo",
    "ValueType",
    "open_gguf",
    "write_gguf",
]
