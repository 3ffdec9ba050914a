"""A conformance suite for servers that speak Ollama's API; it knows HTTP only."""
