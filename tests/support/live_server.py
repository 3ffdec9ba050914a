"""A real server in a process of its own, on a free port, with a store of its own."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class LiveServer:
    """Where the server answers, and the process."""

    url: str
    process: subprocess.Popen[bytes]

    @property
    def host(self) -> str:
        """address:port, as OLLAMA_HOST wants it."""
        return self.url.removeprefix("http://")


@contextmanager
def live_server(
    models: Path, environ: Mapping[str, str] | None = None, *flags: str
) -> Iterator[LiveServer]:
    """``pyollama serve`` on loopback until the block ends; its log goes beside the models."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    variables = {
        **os.environ,
        "HOME": str(models.parent),  # where the server makes its key
        "XDG_CACHE_HOME": os.environ.get("XDG_CACHE_HOME", str(Path.home() / ".cache")),
        "OLLAMA_HOST": f"127.0.0.1:{port}",
        "OLLAMA_MODELS": str(models),
        **(environ or {}),
    }
    models.mkdir(parents=True, exist_ok=True)
    with (models.parent / "server.log").open("wb") as log:
        command = [sys.executable, "-m", "pyollama", "serve", *flags]
        process = subprocess.Popen(command, env=variables, stdout=log, stderr=log)
        server = LiveServer(f"http://127.0.0.1:{port}", process)
        try:
            wait_until_answering(server)
            yield server
        finally:
            process.terminate()
            process.wait(30)


def wait_until_answering(server: LiveServer) -> None:
    """Return once the server answers. AssertionError if it ends or takes a minute."""
    for _ in range(600):
        assert server.process.poll() is None, "the server has ended"
        try:
            urllib.request.urlopen(f"{server.url}/api/version", timeout=5).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("the server does not answer")
