"""Runs one operation of the store again and again, killed at a later point each time.

Usage: killed_store.py OPERATION GGUF TEMPLATE FOLDER. For each n a forked child works on a copy of
the store TEMPLATE, FOLDER/<n>, and kills itself with SIGKILL in place of the n-th call that changes
the disk: opening for writing, writing (also half way through), cutting, flushing, renaming,
deleting, making and removing folders, changing modes and times. The last child lives through it
all. What it did is printed, one call per line.
"""

import asyncio
import hashlib
import io
import os
import shutil
import signal
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from pyollama.store import Store, parse_name, tiny
from pyollama.store.archive.importing import Import
from pyollama.store.types import CreateRequest

WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
AUDITED = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.chmod", "os.utime", "os.truncate"}

Record = Callable[..., None]


def watch(root: Path, n: int, log: list[str]) -> Record:
    """End the process in place of the n-th call that changes anything under root."""

    def record(kind: str, *paths: object) -> None:
        texts = [os.fsdecode(path) for path in paths if isinstance(path, str | bytes | os.PathLike)]
        if not texts or not texts[0].startswith(str(root)):
            return  # a module's compiled form, or a descriptor that another event names
        if len(log) == n:
            os.kill(os.getpid(), signal.SIGKILL)
        log.append(" ".join([kind, *(text.removeprefix(f"{root}/") for text in texts)]))

    def audit(event: str, args: tuple[Any, ...]) -> None:
        if event in AUDITED:
            record(event.removeprefix("os."), *args[: 2 if event == "os.rename" else 1])
        elif event == "open" and isinstance(args[2], int) and args[2] & WRITES:
            record("open", args[0])

    sys.addaudithook(audit)
    watch_files(record)
    return record


def watch_files(record: Record) -> None:
    """Record what Python does not audit: writing, in two halves, and flushing."""
    real_open, real_fsync = io.open, os.fsync

    def opened(path: Any, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
        file = real_open(path, mode, *args, **kwargs)
        place = Path(f"/proc/self/fd/{path}").readlink() if isinstance(path, int) else path
        return file if mode in ("r", "rb") else Torn(file, place, record)

    def synced(descriptor: int) -> None:
        record("fsync", Path(f"/proc/self/fd/{descriptor}").readlink())
        real_fsync(descriptor)

    io.open = opened  # type: ignore[assignment]
    os.fsync = synced  # type: ignore[assignment]


class Torn:
    """A file whose writing can end in the middle."""

    def __init__(self, file: Any, path: Path, record: Record) -> None:
        self.file, self.path, self.record = file, path, record

    def __getattr__(self, name: str) -> Any:
        return getattr(self.file, name)

    def __enter__(self) -> "Torn":
        return self

    def __exit__(self, *error: object) -> None:
        self.file.close()

    def write(self, data: bytes) -> int:
        self.record("write", self.path)
        half = len(data) // 2
        self.file.write(data[:half])
        self.file.flush()
        self.record("write", self.path)
        self.file.write(data[half:])
        return len(data)

    def truncate(self, *size: int) -> int:
        self.record("truncate", self.path)
        return int(self.file.truncate(*size))


def upload(store: Store, data: bytes) -> None:
    async def body() -> AsyncIterator[bytes]:
        yield data[:100]
        yield data[100:]

    digest = "sha256:" + hashlib.sha256(data).hexdigest()
    if not store.has_blob(digest):
        asyncio.run(store.write_blob(digest, body()))


def create(store: Store, data: bytes) -> None:
    """Upload a file and make the model m of it, with a system message."""
    upload(store, data)
    digest = "sha256:" + hashlib.sha256(data).hexdigest()
    files, parameters = {"m.gguf": digest}, {"seed": 1}
    request = CreateRequest(model="m", files=files, system="new", parameters=parameters)
    for _ in store.create(request):
        continue


def pull(store: Store, data: bytes) -> None:
    """Install the model of the package, for which the file stands in."""
    folder = store.root.parent / "package"
    folder.mkdir(exist_ok=True)
    (folder / "tiny.gguf").write_bytes(data)
    tiny.files = lambda _: folder  # type: ignore[assignment, attr-defined]
    store.install_tiny()


def take(store: Store, data: bytes) -> None:
    """Import the model of an archive, whose bytes stand in the place of the file."""
    with Import(store) as new:
        for _ in new.read(io.BytesIO(data)):
            continue
        new.finish()


OPERATIONS: dict[str, Callable[[Store, bytes], None]] = {
    "upload": upload,
    "create": create,
    "copy": lambda store, _: store.copy(parse_name("old"), parse_name("m")),
    "delete": lambda store, _: store.delete(parse_name("m")),
    "pull": pull,
    "import": take,
    "tidy": lambda store, _: store.tidy(),
}


def walk(template: Path, folder: Path, operation: Callable[[Store, Record], None]) -> None:
    """Kill one child after the other, until one has nothing left to be killed at.

    The operation may record more points of its own.
    """
    for n in range(1000):
        shutil.copytree(template, folder / str(n))
        child = os.fork()
        if child == 0:
            log: list[str] = []
            store = Store(folder / str(n))
            operation(store, watch(store.root, n, log))
            print("\n".join(log), flush=True)
            os._exit(0)
        status = os.waitpid(child, 0)[1]
        if status == 0:
            return
        assert os.WIFSIGNALED(status), f"the child {n} ended by itself"


def check_flushed(log: list[str]) -> None:
    """No file takes its final name before its last bytes are on the disk."""
    for place, line in enumerate(log):
        kind, source, *_ = line.split(" ")
        if kind == "rename":
            calls = [call for call in log[:place] if call.split(" ")[1] == source]
            assert f"fsync {source}" in calls[calls.index(f"write {source}") :]
            assert f"write {source}" not in calls[calls.index(f"fsync {source}") :]


def main() -> None:
    """What the command line says."""
    operation, file, template, folder = sys.argv[1], *map(Path, sys.argv[2:])
    data = file.read_bytes()
    walk(template, folder, lambda store, _: OPERATIONS[operation](store, data))


if __name__ == "__main__":
    main()
