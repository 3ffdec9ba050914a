"""Memory-mapped pages: giving them back to the operating system when they have been used.

A page of a mapped file counts as the process's memory from the first time it is read. Dropping it
loses nothing: the next read fetches it again, usually from the page cache.
"""

import mmap


def drop(data: mmap.mmap, start: int, length: int) -> None:
    """Advise that the pages which hold bytes start to start + length are no longer needed.

    Does nothing where the system has no such advice (Windows).
    """
    if length <= 0 or not hasattr(mmap, "MADV_DONTNEED"):
        return
    first = start // mmap.PAGESIZE * mmap.PAGESIZE  # the advice wants a whole page to begin with
    data.madvise(mmap.MADV_DONTNEED, first, start + length - first)
