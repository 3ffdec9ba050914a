"""Text to token ids and back, from the vocabulary stored in a GGUF file."""
