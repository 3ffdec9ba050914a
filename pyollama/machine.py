"""What the machine has, and how this process uses its memory."""

import ctypes
import os
import sys

__all__ = ["share_arenas", "total_memory"]

M_ARENA_MAX = -8  # of glibc's mallopt


def total_memory() -> int | None:
    """Bytes of memory in this machine, None where the system does not tell."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None


def share_arenas() -> None:
    """Have the threads of this process share what the C library has free (glibc).

    Else each that begins gets an arena of its own, of which it keeps some megabytes that it hardly
    uses. Threads of a server seldom allocate at the same moment, for most do it under Python's
    lock. To be called before there are threads.
    """
    if sys.platform == "linux" and (set_option := getattr(ctypes.CDLL(None), "mallopt", None)):
        set_option(M_ARENA_MAX, 1)
