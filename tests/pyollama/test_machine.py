"""What the machine has, and how a process uses its memory."""

import platform
import re
import subprocess
import sys
from pathlib import Path

import pytest

from pyollama.machine import total_memory

ARENAS = """
import ctypes, sys, threading
from pyollama.machine import share_arenas

if sys.argv[2] == "shared":
    share_arenas()
everybody = threading.Barrier(4)
parts = []

def work():
    everybody.wait()
    parts.append(bytes(60_000))  # too large for Python's own allocator
    everybody.wait()

threads = [threading.Thread(target=work) for _ in range(4)]
for each in threads:
    each.start()
for each in threads:
    each.join()
libc = ctypes.CDLL(None)
libc.fopen.restype = ctypes.c_void_p
file = ctypes.c_void_p(libc.fopen(sys.argv[1].encode(), b"w"))
libc.malloc_info(0, file)
libc.fclose(file)
"""


def n_arena(path: Path, how: str) -> int:
    """The arenas of a process whose threads have allocated something."""
    subprocess.run([sys.executable, "-c", ARENAS, path, how], check=True)
    return len(re.findall("<heap nr=", path.read_text()))


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has arenas")
def test_threads_share_an_arena(tmp_path: Path) -> None:
    assert n_arena(tmp_path / "arenas.xml", "shared") == 1
    assert n_arena(tmp_path / "arenas.xml", "apart") > 1


@pytest.mark.skipif(not Path("/proc/meminfo").exists(), reason="Linux tells in that file")
def test_the_memory_is_what_the_system_says() -> None:
    told = int(Path("/proc/meminfo").read_text().split("MemTotal:")[1].split()[0]) << 10
    assert total_memory() == told
