"""Registries that mean harm: what they send is bounded, and what they ask for is not done."""

import asyncio
import gzip
import hashlib
import json
import shutil
import time
import tracemalloc
from collections import namedtuple
from pathlib import Path
from typing import Any

import pytest
from fake_registry import FakeRegistry, Reply, fake_registry
from token_registry import CHALLENGE

from pyollama.errors import PyollamaError
from pyollama.store import Store, parse_name
from pyollama.store.registry import direct, retries
from pyollama.store.registry.tokens import Challenge

DATA = b"w" * 200_000
DIGEST = "sha256:" + hashlib.sha256(DATA).hexdigest()
BLOB = f"GET /v2/ns/m/blobs/{DIGEST}"
MANIFEST = "GET /v2/ns/m/manifests/latest"
MEBIBYTE = 1 << 20
MEMORY = 80 * MEBIBYTE  # of which the largest manifest takes some, as bytes and as text


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home without a key; and pauses that are short."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr(retries, "PAUSE", 0.0)
    monkeypatch.setattr(direct, "BUDGET", 0.0)
    return tmp_path / "home"


def pull(store: Store, registry: FakeRegistry) -> str:
    """The last status of a pull, or its error; which takes neither long nor much memory."""

    async def main() -> str:
        lines = store.pull(parse_name(f"{registry.netloc}/ns/m"), insecure=True)
        return [line.status async for line in lines][-1]

    began = time.monotonic()
    tracemalloc.start()
    try:
        return asyncio.run(main())
    except PyollamaError as error:
        return f"error: {error}"
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < MEMORY
        assert time.monotonic() - began < 20


def leftovers(store: Store) -> list[str]:
    """All files of a store that are no manifest, and no lock."""
    files = [path for path in store.root.rglob("*") if path.is_file()]
    return sorted(path.name for path in files if path.name != ".pyollama-lock")


def offered(registry: FakeRegistry, **fields: Any) -> None:
    """Offer a model whose one layer is described otherwise than it is."""
    manifest = json.loads(registry.offer("m", [DATA]))
    layer = {**manifest["config"], **fields}
    data = json.dumps({**manifest, "config": layer, "layers": [layer]}).encode()
    registry.replies[MANIFEST] = Reply(200, data)


def test_a_manifest_that_is_a_gzip_bomb(store: Store, registry: FakeRegistry) -> None:
    bomb = gzip.compress(bytes(128 * MEBIBYTE), 1)
    registry.replies[MANIFEST] = Reply(200, bomb, {"Content-Encoding": "gzip"})
    assert pull(store, registry) == (
        "error: pull model manifest: the manifest is compressed (gzip), which nobody asked for"
    )


def test_an_error_that_is_a_gzip_bomb(store: Store, registry: FakeRegistry) -> None:
    bomb = gzip.compress(bytes(64 * MEBIBYTE), 1)
    registry.replies[MANIFEST] = Reply(500, bomb, {"Content-Encoding": "gzip"})
    assert pull(store, registry).startswith("error: pull model manifest: 500: ")


def test_a_blob_that_is_a_gzip_bomb_is_not_unfolded(store: Store, registry: FakeRegistry) -> None:
    registry.offer("m", [DATA])
    bomb = gzip.compress(bytes(128 * MEBIBYTE), 1)[: len(DATA)]
    headers = {"Content-Encoding": "gzip"}
    registry.replies[BLOB] = Reply(200, bomb, headers)
    assert "digest mismatch" in pull(store, registry)
    assert leftovers(store) == []
    registry.replies[BLOB] = Reply(200, DATA, headers)  # the bytes are right, whatever they are
    assert pull(store, registry) == "success"


@pytest.mark.parametrize("status", [200, 500, 401])
def test_an_answer_without_end(store: Store, registry: FakeRegistry, status: int) -> None:
    registry.replies[MANIFEST] = Reply(status, b" " * MEBIBYTE, endless=True)
    assert pull(store, registry).startswith("error: pull model manifest: ")


def test_a_blob_without_end(store: Store, registry: FakeRegistry) -> None:
    registry.offer("m", [DATA])
    registry.is_ranged = False
    endless = Reply(200, DATA, endless=True)
    registry.gate = lambda asked: endless if "range" in asked.headers else None
    assert pull(store, registry) == "success"  # for it begins as it should
    assert store.blob_path(DIGEST).stat().st_size == len(DATA)


def test_headers_without_end(store: Store, registry: FakeRegistry) -> None:
    headers = {f"X-{n}": "x" * 60_000 for n in range(40)}
    registry.replies[MANIFEST] = Reply(200, b"{}", headers)
    assert pull(store, registry).startswith("error: pull model manifest: Get ")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"layers":[' + b"{}," * 1_000_000 + b"{}]}", "more than 500000 values"),
        (b'{"layers":[' + b"{}," * 2000 + b"{}]}", "2001 layers, more than 1000"),
        (b'{"layers":' + b"[" * 100_000, "invalid"),
        (b'{"config":' * 100_000, "invalid"),
        (b'{"schemaVersion":' + b"9" * 100_000 + b"}", "invalid"),
        (b'{"layers":[{"size":1e999}]}', "invalid"),
    ],
)  # fmt: skip
def test_a_manifest_that_is_too_much(
    store: Store, registry: FakeRegistry, body: bytes, words: str
) -> None:
    registry.replies[MANIFEST] = Reply(200, body)
    assert words in pull(store, registry)
    assert len(registry.asked) == 1


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (-1, f"{DIGEST} would have -1 bytes"),
        (len(DATA) + 1, "has 200000 bytes, and not 200001"),
        (1 << 62, f"has 200000 bytes, and not {1 << 62}"),
        (1 << 64, "invalid manifest"),
    ],
)
def test_a_size_that_is_a_lie(store: Store, registry: FakeRegistry, size: int, words: str) -> None:
    offered(registry, size=size)
    assert words in pull(store, registry)
    assert leftovers(store) == []


def test_a_size_that_no_disk_has_room_for(store: Store, registry: FakeRegistry) -> None:
    offered(registry, size=1 << 45)
    registry.replies[f"HEAD {BLOB[4:]}"] = Reply(200, length=1 << 45)
    assert pull(store, registry).endswith("-partial: no space left on device")
    assert leftovers(store) == []


def test_a_blob_that_is_larger_than_what_is_free(
    store: Store, registry: FakeRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry.offer("m", [DATA])
    usage = namedtuple("usage", "free")
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage(len(DATA) - 1))
    assert pull(store, registry).endswith("-partial: no space left on device")
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage(len(DATA)))
    assert pull(store, registry) == "success"


def test_a_blob_that_is_shorter_than_was_said(store: Store, registry: FakeRegistry) -> None:
    registry.offer("m", [DATA])
    cut = Reply(206, b"")
    registry.gate = lambda asked: cut if "range" in asked.headers else None
    assert pull(store, registry) == "error: max retries exceeded: unexpected EOF"
    assert not store.has_blob(DIGEST)


def test_a_digest_that_is_a_lie(store: Store, registry: FakeRegistry) -> None:
    other = "sha256:" + "0" * 64
    offered(registry, digest=other)
    registry.replies[f"GET /v2/ns/m/blobs/{other}"] = Reply(200, DATA)
    assert f"want {other}, got {DIGEST}" in pull(store, registry)
    assert leftovers(store) == []


def test_storages_that_send_each_other_in_a_circle(store: Store, registry: FakeRegistry) -> None:
    registry.offer("m", [DATA])
    with fake_registry() as storage:
        port = storage.netloc.partition(":")[2]
        back = f"http://localhost:{port}/x"
        storage.replies["GET /x"] = Reply(302, b"", {"Location": "/y"})
        storage.replies["GET /y"] = Reply(302, b"", {"Location": "/x"})
        away = Reply(307, b"", {"Location": back})
        registry.gate = lambda a: away if a.method == "GET" and a.path == BLOB[4:] else None
        assert pull(store, registry).endswith("stopped after 10 redirects")
        assert len(storage.asked) == 6 * 11


def test_a_storage_that_wants_a_token_for_itself(
    store: Store, registry: FakeRegistry, home: Path
) -> None:
    registry.offer("m", [DATA])
    with fake_registry() as storage:
        port = storage.netloc.partition(":")[2]
        place = f"http://localhost:{port}"
        wanted = {"WWW-Authenticate": CHALLENGE.format(realm=f"{place}/token")}
        storage.gate = lambda asked: Reply(401, b"who is there?", wanted)
        away = Reply(307, b"", {"Location": f"{place}/x"})
        registry.gate = lambda a: away if a.method == "GET" and a.path == BLOB[4:] else None
        assert pull(store, registry) == "error: max retries exceeded: 401: who is there?"
        assert {path for _, path, _ in storage.asked} == {"/x"}
        assert not [headers for _, _, headers in storage.asked if "authorization" in headers]
    assert not home.exists()  # not even a key was made


def test_a_challenge_that_goes_on_and_on_is_read_at_once() -> None:
    for text in ('realm="' * 3000, 'realm="x" ' * 3000, 'scope="' + '"' * 20_000):
        began = time.monotonic()
        Challenge.parse(text)
        assert time.monotonic() - began < 0.05
