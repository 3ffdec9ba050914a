"""The HTTP server: decode, validate, answer in the bytes Ollama would send."""
