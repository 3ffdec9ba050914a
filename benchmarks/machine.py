"""What the machine is: its processor, how busy it is, and how fast it reads memory.

Decoding reads every weight once per token, so bytes over bandwidth is the least time that a token
can take; the tables show it beside what was measured.
"""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numba import njit
from numpy.typing import NDArray

from pyollama_tensor.simd import fetch_ahead, load_i32x16, splat_i32x16, store_i32x16

Level = Literal["amx", "avx512", "avx2", "none"]
"""What llama.cpp's and our kernels can use at best: AMX, AVX-512 with VNNI, AVX2, or less."""

BUILDS: dict[Level, str] = {"amx": "sapphirerapids", "avx512": "icelake", "avx2": "haswell"}

# LLVM's names of what a Haswell processor has: with this our kernels are compiled as for one.
HASWELL = (
    "+64bit,+avx,+avx2,+bmi,+bmi2,+cmov,+cx16,+cx8,+f16c,+fma,+fxsr,+lzcnt,+mmx,+movbe,"
    "+pclmul,+popcnt,+sahf,+sse,+sse2,+sse3,+sse4.1,+sse4.2,+ssse3,+xsave"
)

ARRAY = 1 << 30  # bytes that are read to measure the bandwidth: far more than any cache holds
WORDS = 64  # int32 that a turn of the reading loop takes: four cache lines


@dataclass(frozen=True)
class Machine:
    """What a report says of where it was made."""

    processor: str
    n_cpu: int
    level: Level
    load_before: float  # processes that wanted to run, over the last minute
    load_after: float | None = None

    def __str__(self) -> str:
        after = "" if self.load_after is None else f", {self.load_after:.1f} after it"
        return (
            f"{self.processor}, {self.n_cpu} processors, {self.level}, "
            f"load {self.load_before:.1f} before the run{after}"
        )

    def finished(self) -> "Machine":
        """The same, with the load of this moment as the load after the run."""
        return Machine(**asdict(self) | {"load_after": os.getloadavg()[0]})


def machine() -> Machine:
    """This machine, now."""
    n_cpu = len(os.sched_getaffinity(0))
    return Machine(processor(), n_cpu, level(), os.getloadavg()[0])


@cache
def cpuinfo() -> dict[str, str]:
    """What the kernel tells of the first processor."""
    first = Path("/proc/cpuinfo").read_text("utf-8").split("\n\n")[0]
    pairs = (line.split(":", 1) for line in first.splitlines() if ":" in line)
    return {key.strip(): value.strip() for key, value in pairs}


def processor() -> str:
    """The processor's name, with family and model where a virtual machine hides the name."""
    info = cpuinfo()
    family = f"family {info.get('cpu family', '?')}, model {info.get('model', '?')}"
    return f"{info.get('model name', 'unknown processor')} ({family})"


def level(flags: str | None = None) -> Level:
    """The best level that flags, by default this processor's, allow."""
    present = set((cpuinfo().get("flags", "") if flags is None else flags).split())
    if "amx_int8" in present:
        return "amx"
    if "avx512_vnni" in present:
        return "avx512"
    return "avx2" if {"avx2", "fma"} <= present else "none"


def restricted(to: Level) -> dict[str, str]:
    """The environment in which our kernels use no more than a level that this processor has."""
    if to == level():
        return {}
    if to == "avx2":
        return {"NUMBA_CPU_NAME": "haswell", "NUMBA_CPU_FEATURES": HASWELL}
    return {"PYOLLAMA_SIMD": "vnni"} if to == "avx512" else {}


@contextmanager
def busy(n: int) -> Iterator[None]:
    """So many processes that compute without end and do nothing, for as long as the block lasts."""
    loops = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(n)]
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


@cache
def read_bandwidth(n_thread: int, n_byte: int = ARRAY, rounds: int = 6) -> float:
    """Bytes per second that so many threads together read from memory: the best of some rounds.

    Both ways of reading are tried: left to the processor, and with requests ahead of time.
    """
    line = WORDS * n_thread
    parts = np.split(np.ones(n_byte // 4 // line * line, np.int32), n_thread)
    for read in (read_plainly, read_ahead):
        read(parts[0][:WORDS], np.zeros(16, np.int32))  # compiles
    seconds = [
        seconds_to_read(read, parts) for _ in range(rounds) for read in (read_plainly, read_ahead)
    ]
    return sum(part.nbytes for part in parts) / min(seconds)


def seconds_to_read(read: Any, parts: list[NDArray[np.int32]]) -> float:
    """Read all parts at once, a thread for each."""
    threads = [threading.Thread(target=read, args=(part, np.zeros(16, np.int32))) for part in parts]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - started


@njit(nogil=True)
def read_plainly(data: Any, out: Any) -> None:
    """The exclusive or of all values, int32 (a multiple of WORDS,), into out, int32 (16,)."""
    a = b = c = d = splat_i32x16(0)
    for i in range(0, len(data), WORDS):
        a = a ^ load_i32x16(data, i)
        b = b ^ load_i32x16(data, i + 16)
        c = c ^ load_i32x16(data, i + 32)
        d = d ^ load_i32x16(data, i + 48)
    store_i32x16(out, 0, a ^ b ^ c ^ d)


@njit(nogil=True)
def read_ahead(data: Any, out: Any) -> None:
    """The same, asking for what comes next as the kernels do."""
    a = b = c = d = splat_i32x16(0)
    for i in range(0, len(data), WORDS):
        fetch_ahead(data, i, 4)
        a = a ^ load_i32x16(data, i)
        b = b ^ load_i32x16(data, i + 16)
        c = c ^ load_i32x16(data, i + 32)
        d = d ^ load_i32x16(data, i + 48)
    store_i32x16(out, 0, a ^ b ^ c ^ d)


def token_limit(n_byte: float, bandwidth: float) -> float:
    """Seconds in which a token's bytes can be read: no token takes less."""
    return n_byte / bandwidth


def kv_bytes(n_position: int, n_layer: int, n_head_kv: int, n_embd_head: int) -> int:
    """Bytes of keys and values of so many positions, in 16 bits each."""
    return n_position * n_layer * n_head_kv * n_embd_head * 2 * 2
