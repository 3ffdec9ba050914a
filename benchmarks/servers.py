"""Servers to measure, with a store of their own: in a thread of this process, or in a child."""

import asyncio
import hashlib
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from pyollama.cli.serve import PROTOCOL
from pyollama.serving import Serving
from pyollama.settings import Settings
from pyollama.store import Store
from pyollama.store.folders import make_folder
from pyollama.store.types import CreateRequest
from pyollama_http.app import create_app
from pyollama_http.parts import Parts

START = 60.0  # seconds that a server may take to answer


def add_model(store: Store, name: str, file: Path) -> None:
    """Make a model of a GGUF file, which is linked into the store where that is possible."""
    with file.open("rb") as opened:
        digest = f"sha256:{hashlib.file_digest(opened, 'sha256').hexdigest()}"
    if not store.has_blob(digest):
        path = store.blob_path(digest)
        make_folder(path.parent)
        try:
            os.link(file, path)
        except OSError:  # another file system
            shutil.copyfile(file, path)
    for _ in store.create(CreateRequest(model=name, files={file.name: digest})):
        continue


class Observable(uvicorn.Server):
    """A server that tells in which loop it runs."""

    loop: asyncio.AbstractEventLoop

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until told to stop."""
        self.loop = asyncio.get_running_loop()
        await super().serve(sockets)


@dataclass(frozen=True)
class InProcess:
    """A server in a thread of this process: where it answers, and what a client cannot see."""

    url: str
    loop: asyncio.AbstractEventLoop
    serving: Serving


@contextmanager
def in_process(settings: Settings) -> Iterator[InProcess]:
    """The real server on a free port of loopback, stopped at the end."""
    store = Store(settings.models)
    serving = Serving(store, settings)
    app = create_app(settings, parts=Parts(settings, store, serving))
    server = Observable(uvicorn.Config(app, http=PROTOCOL, log_config=None, lifespan="on"))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, args=([listener],), name="server")
        thread.start()
        try:
            while thread.is_alive() and not server.started:
                time.sleep(0.01)
            if not server.started:
                raise RuntimeError("the server has not started")
            port = listener.getsockname()[1]
            yield InProcess(f"http://127.0.0.1:{port}", server.loop, serving)
        finally:
            server.should_exit = True
            thread.join()


@dataclass(frozen=True)
class Child:
    """`pyollama serve` in a process of its own."""

    url: str
    process: subprocess.Popen[bytes]
    log: Path


@contextmanager
def child(models: Path, variables: Mapping[str, str], n_cpu: int | None = None) -> Iterator[Child]:
    """A server on a free port of loopback, ended with the block; its log lies beside the models.

    n_cpu confines it to so many processors: it starts as many compute threads.
    """
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    host = f"127.0.0.1:{port}"
    environ = {**os.environ, "OLLAMA_HOST": host, "OLLAMA_MODELS": str(models), **variables}
    log = models.parent / "server.log"
    with log.open("ab") as out:
        command = [sys.executable, "-P", "-m", "pyollama", "serve"]
        process = subprocess.Popen(command, env=environ, stdout=out, stderr=out)
    try:
        if n_cpu is not None and hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(process.pid, sorted(os.sched_getaffinity(0))[:n_cpu])
        server = Child(f"http://{host}", process, log)
        wait_until_answering(server)
        yield server
    finally:
        end(process)


def end(process: subprocess.Popen[bytes]) -> None:
    """Ask a process to end; one that does not is killed."""
    process.terminate()
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def wait_until_answering(server: Child) -> None:
    """Return once the server answers; RuntimeError if it ends, or takes longer than START."""
    deadline = time.monotonic() + START
    while time.monotonic() < deadline:
        if server.process.poll() is not None:
            raise RuntimeError(f"the server has ended: {server.log.read_text('utf-8')}")
        try:
            urllib.request.urlopen(f"{server.url}/api/version", timeout=5).close()
        except OSError:
            time.sleep(0.005)
        else:
            return
    raise RuntimeError("the server does not answer")
