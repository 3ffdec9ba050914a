"""The cache of machine code: named by what decides the code, private, and small."""

import os
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numba
import pytest

import pyollama_tensor
from pyollama_tensor import cpu, jit

PACKAGE = Path(pyollama_tensor.__file__).parent

# A kernel of one word of the vocabulary, in a file of its own that never changes.
PROGRAM = """
import numpy as np
from pyollama_tensor.jit import kernel
from pyollama_tensor.simd import load_f32x16, reduce_add

@kernel
def total(x):
    return reduce_add(load_f32x16(x, 0))

print(float(total(np.ones(16, np.float32))), sum(total.stats.cache_hits.values()))
"""


@pytest.fixture(autouse=True)
def fresh_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PYOLLAMA_JIT_CACHE", str(tmp_path / "jit"))
    jit.cache_folder.cache_clear()


@pytest.fixture(autouse=True)
def forget_folder() -> object:
    yield
    jit.cache_folder.cache_clear()


def run(program: Path, package_parent: Path, cache: Path) -> list[str]:
    """What the program prints with the packages of that folder first on the path."""
    environment = os.environ | {"PYTHONPATH": str(package_parent), "PYOLLAMA_JIT_CACHE": str(cache)}
    done = subprocess.run(
        [sys.executable, program], env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout.split()


@pytest.mark.slow
def test_an_edited_vocabulary_is_noticed(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    copy = tmp_path / "copy" / "pyollama_tensor"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    cache = tmp_path / "machine code"
    assert run(program, copy.parent, cache) == ["16.0", "0"]
    assert run(program, copy.parent, cache) == ["16.0", "1"]  # from disk
    words = copy / "simd" / "math.py"
    edited = words.read_text().replace("builder.fadd(low, high)", "builder.fmul(low, high)")
    assert edited != words.read_text()
    words.write_text(edited)
    assert run(program, copy.parent, cache) == ["1.0", "0"]


# A kernel that comes from the disk, and one that is compiled later and calls it.
LINKED = """
from pyollama_tensor.jit import kernel
from inner import twice

@kernel
def outer(x):
    return twice(x) + twice(1)

print(twice(5), sum(twice.stats.cache_hits.values()))
print(outer(7), sum(outer.stats.cache_hits.values()))
"""
INNER = """
from pyollama_tensor.jit import kernel

@kernel
def twice(x):
    return 2 * x
"""


def test_new_code_is_linked_to_code_from_the_disk(tmp_path: Path) -> None:
    (tmp_path / "inner.py").write_text(INNER)
    (tmp_path / "program.py").write_text("import inner; print(inner.twice(5))")
    cache, parent = tmp_path / "machine code", PACKAGE.parent
    assert run(tmp_path / "program.py", parent, cache) == ["10"]
    (tmp_path / "linked.py").write_text(LINKED)
    assert run(tmp_path / "linked.py", parent, cache) == ["10", "1", "16", "0"]
    assert run(tmp_path / "linked.py", parent, cache) == ["10", "1", "16", "1"]


def test_the_hash_is_of_sources_and_variant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.py").write_text("x = 1")
    first = jit.source_hash(tmp_path)
    assert jit.source_hash(tmp_path) == first
    (tmp_path / "a.py").write_text("x = 2")
    second = jit.source_hash(tmp_path)
    (tmp_path / "a.py").rename(tmp_path / "b.py")
    third = jit.source_hash(tmp_path)
    monkeypatch.setattr(cpu, "variant", lambda: "another")
    assert len({first, second, third, jit.source_hash(tmp_path)}) == 4


def test_processes_that_compile_at_once_keep_their_code_apart(tmp_path: Path) -> None:
    make: Any = jit.KernelFiles
    one, other, edited = (make(str(tmp_path), "matrices.linear", stamp) for stamp in (1, 1, 2))
    one.save("Q8_0", "code for Q8_0")
    for index in tmp_path.glob("*.nbi"):
        index.unlink()  # as if the other process had looked before
    other.save("Q4_K", "code for Q4_K")
    assert (one.load("Q4_K"), other.load("Q8_0")) == ("code for Q4_K", "code for Q8_0")
    assert one.load("Q6_K") is edited.load("Q4_K") is None


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_the_folder_is_private() -> None:
    folder = jit.cache_folder()
    assert folder is not None
    assert folder.parent == jit.cache_root()
    assert folder.stat().st_mode & 0o777 == 0o700
    assert folder.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
@pytest.mark.parametrize("mode", [0o777, 0o770, 0o702])
def test_a_folder_that_others_can_write_is_refused(mode: int) -> None:
    jit.cache_root().mkdir()
    jit.cache_root().chmod(mode)
    with pytest.warns(UserWarning, match="others may write"):
        assert jit.cache_folder() is None


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_a_folder_of_another_user_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 12345)
    with pytest.warns(UserWarning, match="another user owns it"):
        assert jit.cache_folder() is None


@pytest.mark.skipif(os.name != "posix", reason="symbolic links")
def test_a_link_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    jit.cache_root().mkdir(mode=0o700)
    (jit.cache_root() / jit.source_hash()).symlink_to(tmp_path / "elsewhere")
    with pytest.warns(UserWarning, match="not a folder"):
        assert jit.cache_folder() is None


def test_a_root_that_is_a_file_only_costs_the_cache() -> None:
    jit.cache_root().write_text("not a folder")
    with pytest.warns(UserWarning, match="not cached"):
        assert jit.cache_folder() is None


def test_old_folders_go_and_recent_ones_stay() -> None:
    root = jit.cache_root()
    root.mkdir(mode=0o700)
    names = [f"{i:024x}" for i in range(jit.KEPT_FOLDERS + 3)]
    for age, name in enumerate(names):
        (root / name).mkdir()
        long_ago = time.time() - (age - jit.KEPT_FOLDERS + 1) * 8 * 24 * 3600
        os.utime(root / name, (long_ago, long_ago))
    (root / "something else").mkdir()
    os.utime(root / "something else", (0, 0))
    assert jit.cache_folder() is not None
    left = {path.name for path in root.iterdir()}
    assert left == {*names[: jit.KEPT_FOLDERS], "something else", jit.source_hash()}


def test_the_cache_is_where_the_platform_keeps_caches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYOLLAMA_JIT_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert jit.cache_root() == Path("/somewhere/pyollama/jit")
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "/home/someone")
    assert jit.cache_root() == Path("/home/someone/.cache/pyollama/jit")


def test_kernels_defined_in_several_threads_are_all_cached_in_the_folder(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config: Any = numba.config
    folder_before, compiled = config.CACHE_DIR, numba.njit

    def slow_njit(**options: Any) -> Any:
        time.sleep(0.01)  # long enough for another thread to come between
        return compiled(**options)

    monkeypatch.setattr(numba, "njit", slow_njit)
    folder = jit.cache_folder()
    with ThreadPoolExecutor(4) as pool:
        kernels: list[Any] = list(pool.map(jit.kernel, [lambda x, i=i: x + i for i in range(8)]))
    assert {Path(each._cache.cache_path).parent for each in kernels} == {folder}
    assert folder_before == config.CACHE_DIR


def test_warmup_runs_what_was_registered_and_tells_its_progress(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(jit, "_warmups", {})
    ran: list[str] = []
    for name in ("a", "b", "c"):
        jit.on_warmup(name, lambda name=name: ran.append(name))  # type: ignore[misc]
    told: list[tuple[int, int, str]] = []
    seconds = jit.warmup(lambda *step: told.append(step), ["c", "a"])
    assert ran == list(seconds) == ["a", "c"]
    assert told == [(0, 2, "a"), (1, 2, "c"), (2, 2, "")]
    assert list(jit.warmup()) == jit.warmup_names() == ["a", "b", "c"]


@pytest.mark.parametrize("module", ["pyollama_tensor", "pyollama_tensor.types"])
def test_importing_the_package_does_not_import_numba(module: str) -> None:
    code = f"import sys, {module}; print('numba' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
