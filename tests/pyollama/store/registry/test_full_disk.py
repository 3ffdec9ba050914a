"""A disk that is full, for once not pretended: what was there stays, and the pull goes on later."""

import asyncio
import hashlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from fake_registry import Asked, FakeRegistry, Reply
from small_disk import small_disk
from visible_store import visible

from pyollama.errors import PyollamaError
from pyollama.store import Store, parse_name
from pyollama.store.registry import parts, retries
from pyollama.store.registry.partial import Partial
from pyollama_formats.manifest import Layer, Manifest

try:
    import resource
except ImportError:  # not a POSIX system
    resource = None  # type: ignore[assignment]

KIB = 1024
OLD, DATA = os.urandom(100 * KIB), os.urandom(600 * KIB)
DIGEST = "sha256:" + hashlib.sha256(DATA).hexdigest()


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retries, "PAUSE", 0.0)


@pytest.fixture
def old_store(tmp_path: Path, registry: FakeRegistry) -> Iterator[Store]:
    """A disk of a mebibyte with the model that is to be pulled, as it was before."""
    with small_disk(tmp_path / "disk", 1024 * KIB):
        store = Store(tmp_path / "disk" / "models")
        layer = Layer(media_type="x", digest=store.add_blob([OLD])[0], size=len(OLD))
        store.replace(parse_name(f"{registry.netloc}/ns/m"), Manifest(config=layer))
        yield store


def pull(store: Store, registry: FakeRegistry) -> str:
    """The last status, or the error."""

    async def main() -> str:
        lines = store.pull(parse_name(f"{registry.netloc}/ns/m"), insecure=True)
        return [line.status async for line in lines][-1]

    try:
        return asyncio.run(main())
    except PyollamaError as error:
        return f"error: {error}"


def fill(disk: Path, left: int) -> Path:
    """Leave so many bytes of a disk."""
    filler = disk / "filler"
    filler.write_bytes(bytes(shutil.disk_usage(disk).free - left))
    return filler


def ranges(registry: FakeRegistry) -> list[str]:
    return [headers["range"] for _, _, headers in registry.asked if "range" in headers]


def test_a_pull_that_fills_the_disk(
    old_store: Store, registry: FakeRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("MIN_PART", "MAX_PART"):
        monkeypatch.setattr(parts, name, 200 * KIB)
    monkeypatch.setattr(parts, "N_PARTS", 1)  # one after the other
    disk = old_store.root.parent
    before = visible(old_store.root)
    registry.offer("m", [DATA])

    def gate(asked: Asked) -> Reply | None:
        if "range" in asked.headers and not (disk / "filler").exists():
            fill(disk, 300 * KIB)
        return None

    registry.gate = gate
    error = pull(old_store, registry)
    partial = Partial(old_store.blobs, DIGEST, len(DATA))
    assert error == f"error: write {partial.data}: no space left on device"
    assert len(ranges(registry)) == 2  # nobody tries again
    assert partial.resume()
    assert [part.completed for part in partial.parts] == [200 * KIB, 0, 0]
    assert visible(old_store.root) == before
    assert pull(old_store, registry) == error  # still full
    (disk / "filler").unlink()
    registry.gate = lambda _: None
    registry.asked.clear()
    assert pull(old_store, registry) == "success"
    assert "HEAD" not in [verb for verb, _, _ in registry.asked]
    assert ranges(registry) == ["bytes=204800-409599", "bytes=409600-614399"]
    assert old_store.blob_path(DIGEST).read_bytes() == DATA


def test_a_disk_without_room_for_the_manifest(old_store: Store, registry: FakeRegistry) -> None:
    before = visible(old_store.root)
    data = registry.offer("m", [OLD])
    filler = fill(old_store.root.parent, 0)
    error = pull(old_store, registry)
    assert error.startswith(f"error: write {old_store.root}/manifests/")
    assert error.endswith(": no space left on device")
    assert visible(old_store.root) == before
    assert list((old_store.root / "manifests").glob(".*")) == []
    filler.unlink()
    assert pull(old_store, registry) == "success"
    assert old_store.manifests.read_bytes(parse_name(f"{registry.netloc}/ns/m")) == data


def test_a_disk_that_is_too_small_is_told_before_a_byte_is_fetched(
    old_store: Store, registry: FakeRegistry
) -> None:
    fill(old_store.root.parent, 500 * KIB)
    registry.offer("m", [DATA])
    assert pull(old_store, registry).endswith("-partial: no space left on device")
    assert ranges(registry) == []


@pytest.mark.skipif(resource is None, reason="there are no limits for a process")
def test_a_limit_of_the_system_is_told_and_loses_nothing(
    store: Store, registry: FakeRegistry
) -> None:
    registry.offer("m", [DATA])
    begun = Partial(store.blobs, DIGEST, len(DATA))
    begun.begin()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (256 * KIB, before[1]))
    try:
        error = pull(store, registry)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert error == f"error: write {begun.data}: file too large"
    assert begun.resume()
    assert pull(store, registry) == "success"
    assert store.blob_path(DIGEST).read_bytes() == DATA
