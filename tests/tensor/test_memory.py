"""The memory of weights: whole pages, freed with their last view, large ones later."""

import gc
import mmap
import platform
import subprocess
import sys
import weakref
from pathlib import Path
from queue import SimpleQueue

import numpy as np
import pytest

from pyollama_tensor import memory

MAP_PRIVATE = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS


def large_pages() -> int:
    """Bytes of this process in large pages."""
    text = Path("/proc/self/smaps_rollup").read_text("utf-8")
    return int(text.split("AnonHugePages:")[1].split()[0]) << 10


def test_memory_is_zero_and_begins_with_a_page() -> None:
    found = memory.pages(5000)
    assert found.shape == (5000,)
    assert found.ctypes.data % 4096 == 0
    assert not found.any()
    found[:] = 7
    assert (found == 7).all()


def test_too_much_memory_is_refused() -> None:
    with pytest.raises(MemoryError, match="no memory for"):
        memory.pages(1 << 60)


def test_memory_goes_with_its_last_view() -> None:
    found = memory.pages(3 * memory.LARGE)
    view, gone = found.reshape(3, -1), weakref.ref(found)
    del found
    gc.collect()
    assert gone() is not None, "the collector would take it for freed"
    del view
    assert gone() is None


def test_nothing_is_asked_for_memory_that_has_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_madvise", lambda: pytest.fail("asked"))
    found = np.zeros(memory.LARGE, np.uint8)
    gone = weakref.ref(found)
    place = found.ctypes.data
    del found
    assert list(memory._places(gone)) == []
    assert not memory.collapse(place, gone)


def test_every_large_page_that_memory_touches_has_a_place() -> None:
    found = np.zeros(2 * memory.LARGE + 1, np.uint8)
    first, end = found.ctypes.data, found.ctypes.data + found.nbytes
    places = list(memory._places(weakref.ref(found)))
    assert all(place % memory.LARGE == 0 for place in places)
    assert places[0] <= first < places[0] + memory.LARGE
    assert places[-1] < end <= places[-1] + memory.LARGE


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux collects pages on demand")
def test_small_pages_become_large_ones_and_keep_their_bytes() -> None:
    before = large_pages()
    found = np.frombuffer(mmap.mmap(-1, 8 * memory.LARGE, MAP_PRIVATE), np.uint8)
    pattern = np.arange(found.nbytes // 8, dtype=np.int64)
    found.view(np.int64)[:] = pattern
    held = weakref.ref(found)
    done = [memory.collapse(place, held) for place in memory._places(held)]
    if not any(done):
        pytest.skip("this system collects no pages on demand")
    assert large_pages() > before
    np.testing.assert_array_equal(found.view(np.int64), pattern)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux collects pages on demand")
def test_memory_that_is_worth_it_is_turned_to_after_a_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    turned_to: SimpleQueue[int] = SimpleQueue()
    monkeypatch.setattr(memory, "DELAY", 0.0)
    monkeypatch.setattr(memory, "collapse", lambda place, held: turned_to.put(place))
    small, large = memory.pages(memory.LARGE - 1), memory.pages(memory.LARGE)
    assert abs(turned_to.get(timeout=10) - large.ctypes.data) <= memory.LARGE
    assert small.nbytes < large.nbytes


SMAPS = """\
7f00-7f10 r--p 00000000 fe:00 12 /usr/lib/one.so
Size: 4 kB
Anonymous:             0 kB
7f10-7f20 r-xp 00000000 fe:00 12 /usr/lib/one.so
Anonymous:             0 kB
7f20-7f30 r--p 00000000 fe:00 12 /usr/lib/one.so
Anonymous:            12 kB
7f30-7f40 rw-p 00000000 fe:00 12 /usr/lib/one.so
Anonymous:             0 kB
7f40-7f50 r-xp 00000000 fe:00 13 /usr/lib/another.so
Anonymous:             0 kB
7f50-7f60 r--p 00000000 00:00 0
Anonymous:             0 kB
"""


def test_only_pages_of_the_library_that_are_as_in_its_file_are_let_go() -> None:
    assert list(memory._clean(SMAPS, "one.so")) == [(0x7F00, 0x7F10), (0x7F10, 0x7F20)]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells of mappings")
def test_a_library_works_as_before_when_it_was_let_go() -> None:
    text = "define void @f() { ret void }"
    code = "from pyollama_tensor import memory; import llvmlite.binding as llvm;"
    code += "print(memory.let_go('libllvmlite') > 1 << 20);"
    code += f"print(llvm.parse_assembly('{text}').get_function('f').name)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "f"]


@pytest.mark.parametrize("n", [3, memory.LAZY // 4, memory.ADVISED // 4])
def test_zeros_are_zeros_to_write_in(n: int) -> None:
    found = memory.zeros((2, n), np.int32)
    assert found.shape == (2, n)
    assert found.dtype == np.int32
    assert not found.any()
    found[1] = 7
    assert found.sum() == 7 * n


def test_zeros_that_nobody_has_room_for_are_refused() -> None:
    with pytest.raises(MemoryError, match="no memory for"):
        memory.zeros((1 << 30, 1 << 30), np.uint8)


HELD = """
import mmap
from pathlib import Path
import numpy as np
from pyollama_tensor import memory

def held():
    return int(Path("/proc/self/statm").read_text().split()[1]) * mmap.PAGESIZE

"""


def printed(code: str) -> str:
    """What a program prints that can ask how many bytes it has in memory."""
    done = subprocess.run(
        [sys.executable, "-c", HELD + code], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="of glibc it is known")
@pytest.mark.parametrize(("zeros", "is_lazy"), [("memory.zeros", "True"), ("np.zeros", "False")])
def test_zeros_take_no_memory_before_they_are_written(zeros: str, is_lazy: str) -> None:
    code = "before = held(); np.ones(3 << 20); np.ones(3 << 20)\n"  # freed, and used again
    code += f"found = {zeros}((3 << 20,), np.float64); memory.trim()\n"
    assert printed(code + "print(held() - before < 4 << 20)") == is_lazy


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has a way to ask it")
def test_what_was_freed_goes_back_to_the_system() -> None:
    code = "parts = [bytes(50_000) for _ in range(1000)]; kept = parts[-1]; full = held()\n"
    code += "parts.clear(); memory.trim(); print(full - held() > 40_000_000)"
    assert printed(code) == "True"
