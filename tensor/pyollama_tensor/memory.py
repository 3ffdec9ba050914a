"""Memory in pages of its own: for weights, for what may stay empty, and how it is given back.

Weights are got in small pages while a model loads, and turned into large ones afterwards.

A matrix is read as a whole for every token, and a page of 2 MiB spares the processor 511 searches
for the place of a page of 4 KiB: a tenth of the time of decoding. But to ask for large pages at
once can make loading slower by seconds. The system has to find 2 MiB in one piece for each, and in
a virtual machine that hands its free memory back to the host those are the pages that it has
handed back. So weights are written to small pages, which are at hand, and a thread of the lowest
priority has them collected into large ones when the model already answers.

The same thread lets go of the compiler. Machine code that comes from the disk needs little of it,
but that much reads 70 MB of its library, which nothing reads again until other kernels are loaded.
"""

import ctypes
import math
import mmap
import os
import queue
import re
import sys
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from pyollama_tensor.types import U8

LARGE = 1 << 21  # bytes of a large page
MADV_COLLAPSE = 25  # since Linux 6.1; elsewhere the advice is refused, and nothing changes
MADV_POPULATE_WRITE = 23  # since Linux 5.14: all pages at once, a fifth faster than one by one
LAZY = 1 << 20  # bytes from which on zeros come in pages of their own
ADVISED = 16 * LARGE  # bytes of zeros that are read so much that large pages pay as they fill
DELAY = 2.0  # seconds: the first answers come first
LOWEST = 19  # priority
COMPILER = "libllvmlite"
MAPPING = re.compile(r"([0-9a-f]+)-([0-9a-f]+) r-.p .* (\S*/\S+)")  # read-only, of a file


def pages(n: int) -> U8:
    """Memory of n bytes in whole pages, all zero, that becomes large pages after a while.

    MemoryError if there is none.
    """
    memory = np.frombuffer(_anonymous(n), np.uint8)
    if n >= LARGE and sys.platform == "linux":
        _madvise()(memory.ctypes.data, n, MADV_POPULATE_WRITE)
        _collector().put((time.monotonic() + DELAY, weakref.ref(memory)))
    return memory


def zeros(shape: tuple[int, ...], dtype: DTypeLike, n_part: int = 1) -> NDArray[Any]:
    """Zeros of which only the pages take memory that are written: for what may stay empty.

    n_part: parts of equal size that are filled side by side, each from its own beginning

    np.zeros means it too, but where the C library has memory at hand that was used before, it
    writes zeros over all of it. MemoryError if there is no room.
    """
    n = math.prod(shape) * np.dtype(dtype).itemsize
    if n < LAZY:
        return np.zeros(shape, dtype)
    mapped = _anonymous(n)
    if n // n_part >= ADVISED and hasattr(mmap, "MADV_HUGEPAGE"):
        with suppress(OSError):  # a system without large pages
            mapped.madvise(mmap.MADV_HUGEPAGE)
    return np.frombuffer(mapped, dtype).reshape(shape)


def _anonymous(n: int) -> mmap.mmap:
    """Pages of no file, of this process alone. MemoryError if there are none."""
    try:
        if sys.platform == "win32":
            return mmap.mmap(-1, n)
        return mmap.mmap(-1, n, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    except (OSError, OverflowError) as error:
        raise MemoryError(f"no memory for {n} bytes") from error


Waiting = queue.SimpleQueue[tuple[float, "weakref.ref[U8]"]]


def _collector() -> Waiting:
    """The queue on which one thread waits for memory and when to turn to it."""
    with _starting:
        return _started()


@cache
def _started() -> Waiting:
    waiting: Waiting = queue.SimpleQueue()
    threading.Thread(target=_collect, args=(waiting,), name="pages", daemon=True).start()
    return waiting


def _forget() -> None:
    global _starting
    _starting = threading.Lock()
    _started.cache_clear()


_starting = threading.Lock()  # two models may load at once
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)  # threads stay behind


def _collect(waiting: Waiting) -> None:
    """Turn what comes into large pages; memory that is freed in the meantime is left alone."""
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), LOWEST)  # of this thread only
    while True:
        due, memory = waiting.get()
        time.sleep(max(0.0, due - time.monotonic()))
        for place in _places(memory):
            collapse(place, memory)
        if waiting.empty():
            with suppress(OSError):  # where the system does not tell of mappings
                let_go(COMPILER)


def _places(memory: "weakref.ref[U8]") -> Iterator[int]:
    """The addresses of all large pages that memory touches; some of them it may share."""
    found = memory()
    if found is not None:
        first, end = found.ctypes.data // LARGE * LARGE, found.ctypes.data + found.nbytes
        del found
        yield from range(first, end, LARGE)


def collapse(place: int, memory: "weakref.ref[U8]") -> bool:
    """Ask for one large page at an address, if the memory is still there; whether there is one."""
    held = memory()  # until the system has answered
    return held is not None and _madvise()(place, LARGE, MADV_COLLAPSE) == 0


def trim() -> None:
    """Give back to the system what was freed and the C library still holds, where it can (glibc).

    Reading a vocabulary leaves several megabytes of it.
    """
    if sys.platform == "linux" and (give_back := getattr(ctypes.CDLL(None), "malloc_trim", None)):
        give_back(ctypes.c_size_t(0))


def let_go(library: str) -> int:
    """Free the pages of a library that are as in its file, from where they come back when needed.

    Gives the bytes of the address space that they may have been in.
    """
    freed = 0
    for first, end in _clean(Path("/proc/self/smaps").read_text("utf-8"), library):
        if _madvise()(first, end - first, mmap.MADV_DONTNEED) == 0:
            freed += end - first
    return freed


def _clean(smaps: str, library: str) -> Iterator[tuple[int, int]]:
    """Where a library is mapped read-only and no page differs from its file.

    Pages that the loader has written addresses into would come back without them.
    """
    for entry in re.split(r"\n(?=[0-9a-f]+-)", smaps):
        mapping = MAPPING.match(entry)
        if mapping and library in mapping[3] and re.search(r"^Anonymous: +0 kB$", entry, re.M):
            yield int(mapping[1], 16), int(mapping[2], 16)


@cache
def _madvise() -> Any:
    """The system's own function: while mmap's runs, no other thread of Python can."""
    function: Any = ctypes.CDLL(None).madvise
    function.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    return function
