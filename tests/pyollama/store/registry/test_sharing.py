"""Pulls of one blob at the same time: by requests of one server, and by several processes."""

import asyncio
import hashlib
import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from fake_registry import Asked, FakeRegistry, Reply

from pyollama.store import Store, parse_name
from pyollama.store.registry import claims, parts
from pyollama.store.registry.claims import claimed

DATA = os.urandom(25_000)
DIGEST = "sha256:" + hashlib.sha256(DATA).hexdigest()
PART = 10_000  # bytes, so that DATA has three parts
PULLER = """
import asyncio, sys
from pathlib import Path
from pyollama.store import Store, parse_name
from pyollama.store.registry import claims, parts
parts.MIN_PART = parts.MAX_PART = 10_000
claims.PAUSE = 0.02
async def main():
    async for line in Store(Path(sys.argv[1])).pull(parse_name(sys.argv[2]), insecure=True):
        print(line.status, line.completed, flush=True)
asyncio.run(main())
"""


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "MIN_PART", PART)
    monkeypatch.setattr(parts, "MAX_PART", PART)
    monkeypatch.setattr(claims, "PAUSE", 0.01)


def ranges(registry: FakeRegistry) -> list[str]:
    """The ranges of the blob that have been asked for."""
    asked = (headers for _, path, headers in registry.asked if path.endswith(DIGEST))
    return sorted(headers["range"] for headers in asked if "range" in headers)


def puller(store: Store, registry: FakeRegistry) -> "subprocess.Popen[str]":
    """A process that pulls, and says the status and size of each line."""
    command = [sys.executable, "-c", PULLER, str(store.root), f"{registry.netloc}/ns/m"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def wait_for(process: "subprocess.Popen[str]", ending: str) -> None:
    """Read lines until one ends so."""
    assert process.stdout is not None
    assert any(line.rstrip().endswith(ending) for line in process.stdout)


def test_two_requests_for_models_that_share_a_blob(store: Store, registry: FakeRegistry) -> None:
    registry.offer("one", [DATA])
    registry.offer("two", [b"{}", DATA])

    async def pull(model: str) -> list[int]:
        lines = store.pull(parse_name(f"{registry.netloc}/ns/{model}"), insecure=True)
        return [line.completed async for line in lines if line.digest == DIGEST]

    async def both() -> None:
        for sizes in await asyncio.gather(pull("one"), pull("two")):
            assert sizes == sorted(sizes)
            assert sizes[-1] == len(DATA)

    asyncio.run(both())
    assert len(ranges(registry)) == 3
    assert store.blob_path(DIGEST).read_bytes() == DATA


def test_a_request_goes_on_when_the_first_is_given_up(store: Store, registry: FakeRegistry) -> None:
    registry.offer("m", [DATA])
    held = [Reply(hold=True)]
    registry.gate = lambda a: (
        held.pop() if held and "bytes=2" in a.headers.get("range", "") else None
    )

    async def pull() -> str:
        lines = store.pull(parse_name(f"{registry.netloc}/ns/m"), insecure=True)
        return [line.status async for line in lines][-1]

    async def both() -> str:
        first = asyncio.create_task(pull())
        while held:
            await asyncio.sleep(0.01)
        second = asyncio.create_task(pull())
        await asyncio.sleep(0.1)
        first.cancel()
        return await second

    assert asyncio.run(both()) == "success"
    assert store.blob_path(DIGEST).read_bytes() == DATA


def test_two_servers_of_one_process_fetch_each_part_once(
    store: Store, registry: FakeRegistry
) -> None:
    registry.offer("m", [DATA])

    def pull(_: int) -> str:
        async def main() -> str:
            lines = Store(store.root).pull(parse_name(f"{registry.netloc}/ns/m"), insecure=True)
            return [line.status async for line in lines][-1]

        return asyncio.run(main())

    with ThreadPoolExecutor(3) as servers:
        assert list(servers.map(pull, range(3))) == ["success"] * 3
    assert len(ranges(registry)) == 3
    assert store.blob_path(DIGEST).read_bytes() == DATA


def test_a_claim_is_held_by_one_and_leaves_nothing(tmp_path: Path) -> None:
    looks: list[str] = []

    async def main() -> None:
        async def second() -> None:
            async with claimed(tmp_path, "b", lambda: looks.append("held")):
                looks.append("free")

        async with claimed(tmp_path, "b", lambda: looks.append("never")):
            waiter = asyncio.create_task(second())
            await asyncio.sleep(0.05)
        await waiter

    asyncio.run(main())
    assert looks[0] == "held"
    assert looks[-1] == "free"
    assert "never" not in looks
    assert list((tmp_path / ".pyollama-downloads").iterdir()) == []


def test_a_waiter_that_is_cancelled_leaves_the_claim_to_its_holder(tmp_path: Path) -> None:
    async def main() -> None:
        async def wait() -> None:
            async with claimed(tmp_path, "b", lambda: None):
                raise AssertionError("it is held")

        async with claimed(tmp_path, "b", lambda: None):
            waiter = asyncio.create_task(wait())
            await asyncio.sleep(0.03)
            waiter.cancel()
            await asyncio.gather(waiter, return_exceptions=True)
            assert (tmp_path / ".pyollama-downloads" / "b").exists()

    asyncio.run(main())


@pytest.mark.slow
def test_two_processes_fetch_each_part_once(store: Store, registry: FakeRegistry) -> None:
    registry.offer("m", [DATA])
    let_go, asked_twice = threading.Event(), threading.Event()

    def gate(asked: Asked) -> Reply | None:
        manifests = [path for _, path, _ in registry.asked if "/manifests/" in path]
        if len(manifests) == 2:
            asked_twice.set()
        if "bytes=2" in asked.headers.get("range", ""):
            let_go.wait(20)
        return None

    registry.gate = gate
    with puller(store, registry) as first:
        wait_for(first, f" {2 * PART}")
        with puller(store, registry) as second:
            wait_for(second, f" {2 * PART}")  # it sees how far the first is
            assert asked_twice.wait(20)
            let_go.set()
            wait_for(second, "success 0")
        wait_for(first, "success 0")
    assert ranges(registry) == ["bytes=0-9999", "bytes=10000-19999", "bytes=20000-24999"]
    assert store.blob_path(DIGEST).read_bytes() == DATA
    assert [path.name for path in store.blobs.folder.iterdir()] == [DIGEST.replace(":", "-")]


@pytest.mark.slow
def test_a_process_goes_on_when_another_is_killed(store: Store, registry: FakeRegistry) -> None:
    registry.offer("m", [DATA])
    held = [Reply(hold=True)]
    registry.gate = lambda a: (
        held.pop() if held and "bytes=2" in a.headers.get("range", "") else None
    )
    with puller(store, registry) as first:
        wait_for(first, f" {2 * PART}")
        with puller(store, registry) as second:
            wait_for(second, f" {2 * PART}")
            first.send_signal(signal.SIGKILL)
            wait_for(second, "success 0")
    assert ranges(registry).count("bytes=20000-24999") == 2
    assert ranges(registry).count("bytes=0-9999") == 1
    assert store.blob_path(DIGEST).read_bytes() == DATA
