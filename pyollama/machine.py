"""What the machine has."""

import os

__all__ = ["total_memory"]


def total_memory() -> int | None:
    """Bytes of memory in this machine, None where the system does not tell."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None
