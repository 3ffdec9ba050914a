"""File formats: bytes to plain objects and back."""
