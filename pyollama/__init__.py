"""pyollama: the Ollama system in Python, from the bytes of a GGUF file to the HTTP answer."""

__version__ = "0.1.0"
