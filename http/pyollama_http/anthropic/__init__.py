"""Anthropic's API, answered by the native chat."""
