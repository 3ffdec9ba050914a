"""OpenAI's API, translated to Ollama's own and back."""
