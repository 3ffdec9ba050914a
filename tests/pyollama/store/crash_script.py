"""Runs an upload and a creation, killing itself with SIGKILL before the n-th system call.

Usage: crash_script.py GGUF FOLDER. For each n, a forked child works on a store of its own,
FOLDER/<n>, until it dies; the last one lives through it all. Prints how many there were.
"""

import asyncio
import hashlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from pyollama.store import Store
from pyollama.store.types import CreateRequest


def die_before_call(n: int) -> None:
    """Count every call that changes the disk, and end the process in place of the n-th."""
    calls = iter(range(n))

    def counted(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            if next(calls, None) is None:
                os.kill(os.getpid(), signal.SIGKILL)
            return function(*args, **kwargs)

        return call

    for owner, name in [(os, "fsync"), (os, "utime"), *((Path, n) for n in PATH_CALLS)]:
        setattr(owner, name, counted(getattr(owner, name)))


PATH_CALLS = ("open", "replace", "chmod", "mkdir", "unlink")


def work(root: Path, data: bytes) -> None:
    """Upload the file in two pieces, and make a model of it with a system message."""
    store = Store(root)
    digest = "sha256:" + hashlib.sha256(data).hexdigest()

    async def body() -> AsyncIterator[bytes]:
        yield data[:100]
        yield data[100:]

    if not store.has_blob(digest):
        asyncio.run(store.write_blob(digest, body()))
    request = CreateRequest(model="m", files={"m.gguf": digest}, system="new")
    for _ in store.create(request):
        continue


def main() -> None:
    """Kill one child after the other, until one has nothing left to be killed at."""
    data = Path(sys.argv[1]).read_bytes()
    for n in range(1000):
        child = os.fork()
        if child == 0:
            die_before_call(n)
            work(Path(sys.argv[2]) / str(n), data)
            os._exit(0)
        if os.waitpid(child, 0)[1] == 0:
            print(n)
            return


main()
