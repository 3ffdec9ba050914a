"""Against a plain registry: docker-registry, as Debian and others package it, on loopback."""

import asyncio
import hashlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pyollama.store import Store, parse_name
from pyollama.store.registry import parts
from pyollama_formats.manifest import Layer, Manifest

PROGRAM = shutil.which("docker-registry")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(PROGRAM is None, reason="docker-registry is not installed"),
]
CONFIG, WEIGHTS = b"{}", os.urandom(3_000_000)

SETTINGS = """version: 0.1
log: {{level: error}}
storage: {{filesystem: {{rootdirectory: {folder}}}}}
http: {{addr: "127.0.0.1:{port}", relativeurls: {is_relative}}}
"""


@pytest.fixture(params=["true", "false"], ids=["relative", "absolute"])
def netloc(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The host and port of a registry that is empty, with relative or with absolute locations."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    settings = tmp_path / "registry.yml"
    folder = tmp_path / "registry"
    settings.write_text(SETTINGS.format(folder=folder, port=port, is_relative=request.param))
    assert PROGRAM is not None
    with subprocess.Popen(
        [PROGRAM, "serve", str(settings)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        wait_for(port)
        yield f"127.0.0.1:{port}"
        process.terminate()


def wait_for(port: int) -> None:
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("docker-registry does not listen")


def keep(store: Store, model: str, from_: str = "") -> None:
    layers = []
    for blob in (CONFIG, WEIGHTS):
        store.add_blob([blob])
        digest = "sha256:" + hashlib.sha256(blob).hexdigest()
        layers.append(Layer(media_type="x", digest=digest, size=len(blob), from_=from_))
    store.replace(parse_name(model), Manifest(config=layers[0], layers=layers[1:]))


def push(store: Store, model: str) -> list[str]:
    async def main() -> list[str]:
        return [line.status async for line in store.push(model, insecure=True)]

    return asyncio.run(main())


def pull(store: Store, model: str) -> list[str]:
    async def main() -> list[str]:
        return [line.status async for line in store.pull(parse_name(model), insecure=True)]

    return asyncio.run(main())


def test_a_model_goes_there_and_comes_back(
    store: Store, tmp_path: Path, netloc: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "MIN_PART", 1_000_000)
    model = f"{netloc}/ns/m:8b"
    keep(store, model)
    assert push(store, model)[-1] == "success"
    assert push(store, model)[-1] == "success"  # with all layers there
    other = Store(tmp_path / "other")
    assert pull(other, model)[-1] == "success"
    digest = "sha256:" + hashlib.sha256(WEIGHTS).hexdigest()
    assert other.blob_path(digest).read_bytes() == WEIGHTS


def test_layers_are_mounted(store: Store, netloc: str, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(store, f"{netloc}/ns/base")
    push(store, f"{netloc}/ns/base")
    keep(store, f"{netloc}/ns/m", from_=f"{netloc}/ns/base:latest")
    monkeypatch.setattr(parts, "split", None)  # nothing may have to be sent
    assert push(store, f"{netloc}/ns/m")[-1] == "success"
