"""A registry that is not ours: docker-registry, as Debian and others package it, on loopback."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

__all__ = ["PROGRAM", "docker_registry"]

PROGRAM = shutil.which("docker-registry")
SETTINGS = """version: 0.1
log: {{level: error}}
storage: {{filesystem: {{rootdirectory: {folder}}}}}
http: {{addr: "127.0.0.1:{port}", relativeurls: {is_relative}}}
"""


@contextmanager
def docker_registry(
    folder: Path, *, is_relative: bool = False, environ: Mapping[str, str] | None = None
) -> Iterator[str]:
    """Serve what lies in a folder; gives the host and port.

    is_relative: uploads go on at a path, not at a whole URL. environ: REGISTRY_AUTH_TOKEN_REALM and
    the like, which come before the settings.
    """
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    folder.mkdir(parents=True, exist_ok=True)
    settings = folder / "settings.yml"
    text = str(is_relative).lower()
    settings.write_text(SETTINGS.format(folder=folder, port=port, is_relative=text))
    assert PROGRAM is not None
    with subprocess.Popen(
        [PROGRAM, "serve", str(settings)],
        env={**os.environ, **(environ or {})},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            _wait_for(process, port)
            yield f"127.0.0.1:{port}"
        finally:
            process.terminate()


def _wait_for(process: "subprocess.Popen[bytes]", port: int) -> None:
    """Return once the registry listens; AssertionError if it ends or takes ten seconds."""
    for _ in range(200):
        assert process.poll() is None, "docker-registry has ended"
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("docker-registry does not listen")
