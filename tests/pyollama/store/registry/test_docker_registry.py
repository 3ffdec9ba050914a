"""What docker-registry, as Debian and others package it, does and our own registries do not."""

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from docker_registry import PROGRAM, docker_registry
from fake_registry import Reply
from registry_front import RegistryFront, registry_front
from token_issuer import TokenIssuer

from pyollama.errors import PyollamaError
from pyollama.store import Store, parse_name
from pyollama.store.registry import parts
from pyollama.store.types import ProgressResponse
from pyollama_formats.manifest import Layer, Manifest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.oracle,
    pytest.mark.skipif(PROGRAM is None, reason="docker-registry is not installed"),
]
CONFIG, WEIGHTS = b"{}", os.urandom(300_000)
DIGEST = "sha256:" + hashlib.sha256(WEIGHTS).hexdigest()


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[RegistryFront]:
    """A registry that gives nothing without a token, behind a proxy that gives these."""
    folder = tmp_path / "registry"
    folder.mkdir()
    issuer = TokenIssuer()
    with registry_front() as front:
        environ = issuer.environ(f"http://{front.server.netloc}/token", folder)
        front.token = issuer.token
        with docker_registry(folder, environ=environ) as front.backend:
            yield front


def keep(store: Store, model: str, from_: str = "") -> None:
    layers = []
    for blob in (CONFIG, WEIGHTS):
        digest = store.add_blob([blob])[0]
        layers.append(Layer(media_type="x", digest=digest, size=len(blob), from_=from_))
    store.replace(parse_name(model), Manifest(config=layers[0], layers=layers[1:]))


def drain(lines: AsyncIterator[ProgressResponse]) -> str:
    """The last status, or the error."""

    async def main() -> str:
        return [line.status async for line in lines][-1]

    try:
        return asyncio.run(main())
    except PyollamaError as error:
        return f"error: {error}"


def push(store: Store, model: str) -> str:
    return drain(store.push(model, insecure=True))


def pull(store: Store, model: str) -> str:
    return drain(store.pull(parse_name(model), insecure=True))


def test_layers_are_mounted(
    store: Store, guarded: RegistryFront, monkeypatch: pytest.MonkeyPatch
) -> None:
    netloc = guarded.server.netloc
    keep(store, f"{netloc}/ns/base")
    assert push(store, f"{netloc}/ns/base") == "success"
    keep(store, f"{netloc}/ns/m", from_=f"{netloc}/ns/base:latest")
    monkeypatch.setattr(parts, "split", None)  # nothing may have to be sent
    assert push(store, f"{netloc}/ns/m") == "success"
    scopes = [path for _, path, _ in guarded.server.asked if path.startswith("/token")]
    assert any("scope=repository%3Ans%2Fbase" in path for path in scopes)


def test_a_token_for_reading_is_exchanged_for_one_for_writing(
    store: Store, guarded: RegistryFront
) -> None:
    model = f"{guarded.server.netloc}/ns/m"
    keep(store, model)
    assert push(store, model) == "success"
    asked = [path for _, path, _ in guarded.server.asked if path.startswith("/token")]
    assert [("push" in path) for path in asked] == [False, True]


def test_tokens_of_somebody_else_are_not_taken(store: Store, guarded: RegistryFront) -> None:
    guarded.token = TokenIssuer().token
    model = f"{guarded.server.netloc}/ns/m"
    assert pull(store, model) == "error: pull model manifest: unauthorized: access denied"


def test_a_download_goes_on_where_it_was(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "MIN_PART", 100_000)
    with registry_front() as front, docker_registry(tmp_path / "registry") as front.backend:
        model = f"{front.server.netloc}/ns/m"
        keep(store, model)
        push(store, model)
        other = Store(tmp_path / "other")
        hold = Reply(hold=True)
        front.server.gate = lambda a: hold if "=200000-" in a.headers.get("range", "") else None
        asyncio.run(pull_until(other, model, 200_000))
        front.server.gate = lambda _: None
        front.server.asked.clear()
        assert pull(other, model) == "success"
    asked = [(verb, headers) for verb, path, headers in front.server.asked if path.endswith(DIGEST)]
    assert [verb for verb, _ in asked] == ["GET", "GET"]  # where it lies, and what is missing
    assert asked[1][1]["range"] == "bytes=200000-299999"
    assert other.blob_path(DIGEST).read_bytes() == WEIGHTS


async def pull_until(store: Store, model: str, n_bytes: int) -> None:
    """Leave when so many bytes of the weights are here."""
    lines = store.pull(parse_name(model), insecure=True)
    async for line in lines:
        if line.digest == DIGEST and line.completed == n_bytes:
            break
    await lines.aclose()
