"""Compiling kernels: the one decorator, the cache on disk, and the list of what to warm up.

Compiling takes seconds, so machine code is kept between runs. numba alone would reuse stale code
when a kernel's *helper* module changes, because it looks at the file of the function only.
Therefore the cache folder is named by a hash of everything that can change the code: all sources
of this package, the versions of Python, numba and llvmlite, the processor and the variant.

Machine code that somebody else could write would run as us, so the folder must be our own and
private; otherwise kernels are compiled afresh in each process, with a warning.
"""

# mypy: allow-subclassing-any, allow-untyped-calls

import hashlib
import os
import shutil
import stat
import sys
import threading
import time
import warnings
from collections.abc import Callable, Collection
from functools import cache
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, cast

import llvmlite.binding
import numba
from numba.core.caching import FunctionCache, IndexDataCacheFile
from numba.core.runtime.nrt import rtsys

from pyollama_tensor import cpu

P = ParamSpec("P")
R = TypeVar("R")

KEPT_FOLDERS = 8  # folders of other versions and variants that survive
OLD_SECONDS = 7 * 24 * 3600.0  # only folders unused for a week are ever removed

# LLVM's scheduler moves the loads of a whole tile in front of its arithmetic, and its combiner
# makes trees of chains of sums. There are too few registers for either: a fifth of the time of some
# kernels. The order of the source is better.
llvmlite.binding.set_option("pyollama_tensor", "-enable-misched=false")
if cpu.variant() != "portable":
    llvmlite.binding.set_option("pyollama_tensor", "-x86-machine-combiner=false")

_warmups: dict[str, Callable[[], object]] = {}
_decorating = threading.Lock()  # two loaders may import the kernels of two formats at once


def source_hash(package: Path | None = None) -> str:
    """Hash of all that decides the machine code: sources, versions, processor, variant."""
    package = package or Path(__file__).parent
    digest = hashlib.sha256()
    for path in sorted(package.rglob("*.py")):
        digest.update(str(path.relative_to(package)).encode() + b"\0")
        digest.update(path.read_bytes() + b"\0")
    facts = (sys.version, numba.__version__, llvmlite.__version__, cpu.cpu_name(), cpu.variant())
    digest.update("\0".join((*facts, *sorted(cpu.cpu_features()), str(package))).encode())
    return digest.hexdigest()[:24]


def cache_root() -> Path:
    """Folder that holds one cache folder per hash: PYOLLAMA_JIT_CACHE or the user's own cache."""
    if override := os.environ.get("PYOLLAMA_JIT_CACHE"):
        return Path(override)
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "pyollama" / "jit"


def _objection(folder: Path) -> str | None:
    """Why machine code from this folder must not be trusted; None if it may."""
    if os.name != "posix":
        return None
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode):
        return "it is not a folder"
    if status.st_uid != os.getuid():
        return "another user owns it"
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return "others may write in it"
    return None


@cache
def cache_folder() -> Path | None:
    """Private folder for this version's machine code, made if missing; None if there is none."""
    root = cache_root()
    folder = root / source_hash()
    try:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        objection = _objection(root) or _objection(folder)
    except OSError as error:
        objection = str(error)
    if objection:
        warnings.warn(f"kernels are not cached in {folder}: {objection}", stacklevel=2)
        return None
    os.utime(folder)
    _prune(root, folder)
    return folder


def _prune(root: Path, current: Path) -> None:
    """Remove the folders of old versions: not the newest few, and nothing used this week."""
    others = sorted(
        (path for path in root.iterdir() if path.is_dir() and path != current),
        key=lambda path: path.stat().st_mtime,
        reverse=True,
    )
    for path in others[KEPT_FOLDERS:]:
        if len(path.name) == len(current.name) and time.time() - path.stat().st_mtime > OLD_SECONDS:
            shutil.rmtree(path, ignore_errors=True)


class KernelFiles(IndexDataCacheFile):
    """Files of one function's machine code, each named by what it holds.

    numba numbers them and keeps an index; two processes that compile at once, for other formats,
    could then put different code under one number, and run the wrong one ever after.
    """

    def save(self, key: Any, data: Any) -> None:
        """Keep the code that belongs to a key."""
        self._save_data(self._file_name(key), data)

    def load(self, key: Any) -> Any:
        """The code that belongs to a key, or None."""
        try:
            return self._load_data(self._file_name(key))
        except OSError:
            return None

    def _file_name(self, key: Any) -> str:
        whole = repr((key, self._source_stamp)).encode()
        return f"{Path(self._index_name).stem}.{hashlib.sha256(whole).hexdigest()[:24]}.nbc"


class KernelCache(FunctionCache):
    """numba's cache of one function, loaded without numba's own preparations for compiling.

    Those import the lowering of everything that numba knows, a third of a second; finished code
    needs none of it. Compiling, where something is missing after all, prepares itself.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function)
        stamp = self._impl.locator.get_source_stamp()
        self._cache_file = KernelFiles(self._cache_path, self._impl.filename_base, stamp)

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """The compiled function for a signature, or None if it is not on the disk."""
        rtsys.initialize(target_context)
        with self._guard_against_spurious_io_errors():
            data = self._cache_file.load(self._index_key(sig, target_context.codegen()))
            if data is None:
                return None
            found = self._impl.rebuild(target_context, data)
            forget_source(found.library, data[0])
            return found


def forget_source(library: Any, stored: Any) -> None:
    """Let go of LLVM's form of machine code from the disk until other code is to be linked to it.

    That form takes ten times the memory of the code, and is hardly ever wanted. A numba that keeps
    it in another way than this one keeps it.

    stored: what numba has put on the disk, (name, "object", (machine code, bitcode))
    """
    if not hasattr(library, "_shared_module") or not hasattr(library, "_get_module_for_linking"):
        return
    match stored:
        case (_, "object", (bytes(), bytes() as bitcode)):
            pass
        case _:
            return

    def module_for_linking() -> Any:
        if library._shared_module is None:
            library._shared_module = llvmlite.binding.parse_bitcode(bitcode)
        return library._shared_module

    library._shared_module = None
    library._get_module_for_linking = module_for_linking


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a function at its first call, without the GIL, and keep the code on disk.

    Division by zero gives inf or nan as in NumPy; array indices are not checked.
    """
    folder = cache_folder()
    config: Any = numba.config
    with _decorating:
        before = config.CACHE_DIR
        # numba picks the folder while decorating: others in this process keep their own setting.
        config.CACHE_DIR = str(folder or "")
        try:
            compiled: Any = numba.njit(nogil=True, error_model="numpy")(function)
            if folder is not None:
                compiled._cache = KernelCache(function)
        finally:
            config.CACHE_DIR = before
    return cast(Callable[P, R], compiled)


def on_warmup(name: str, run: Callable[[], object]) -> None:
    """Have `warmup` call `run`, which uses the kernels of that name on tiny arrays once."""
    _warmups[name] = run


def warmup_names() -> list[str]:
    """Names of all registered warm-ups, in the order in which they run."""
    return list(_warmups)


def warmup(
    progress: Callable[[int, int, str], None] | None = None,
    names: Collection[str] | None = None,
) -> dict[str, float]:
    """Compile kernels (or load them from the cache) before they are needed.

    progress: called as progress(done, total, name) before each warm-up and once at the end
    names:    which warm-ups to run, all by default; unknown names are our own mistake
    Returns the seconds that each took.
    """
    chosen = warmup_names() if names is None else [name for name in _warmups if name in names]
    assert names is None or len(chosen) == len(set(names)), f"unknown warm-ups in {names}"
    seconds: dict[str, float] = {}
    for done, name in enumerate(chosen):
        if progress:
            progress(done, len(chosen), name)
        began = time.perf_counter()
        _warmups[name]()
        seconds[name] = time.perf_counter() - began
    if progress:
        progress(len(chosen), len(chosen), "")
    return seconds
