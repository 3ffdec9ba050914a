"""Ollama's native REST API, one module per endpoint family."""
