"""Blobs cut into parts, as Ollama cuts them: a sixteenth each, within bounds."""

__all__ = ["split"]

N_PARTS = 16
MIN_PART = 100_000_000  # bytes
MAX_PART = 1_000_000_000


def split(total: int) -> list[tuple[int, int]]:
    """Offset and size of every part of so many bytes; none of an empty blob."""
    size = min(max(total // N_PARTS, MIN_PART), MAX_PART)
    return [(offset, min(size, total - offset)) for offset in range(0, total, size)]
