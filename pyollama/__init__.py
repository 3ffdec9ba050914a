"""pyollama: the Ollama system in Python, from the bytes of a GGUF file to the HTTP answer."""

__version__ = "0.1.0"

OLLAMA_VERSION = "0.33.0"
"""The version of Ollama that this package behaves as.

It is what clients and registries are told: both compare it with the one that they require.
"""
