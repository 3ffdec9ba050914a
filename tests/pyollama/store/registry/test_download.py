"""Models that come from a registry: all of them or nothing."""

import asyncio
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from fake_registry import FakeRegistry, Reply, fake_registry

from pyollama.errors import PyollamaError
from pyollama.store import Store, parse_name
from pyollama.store.registry import direct, retries
from pyollama.store.types import ProgressResponse

CONFIG, WEIGHTS = b"{}", b"w" * 3_000_000


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retries, "PAUSE", 0.0)
    monkeypatch.setattr(direct, "BUDGET", 0.0)


def digest_of(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def blob_path(data: bytes) -> str:
    return f"GET /v2/ns/m/blobs/{digest_of(data)}"


def pull(store: Store, registry: FakeRegistry) -> tuple[list[ProgressResponse], str]:
    """The lines, and the error that ended them."""
    lines: list[ProgressResponse] = []

    async def main() -> None:
        name = parse_name(f"{registry.netloc}/ns/m")
        async for line in store.pull(name, insecure=True):
            lines.append(line)

    try:
        asyncio.run(main())
    except PyollamaError as error:
        return lines, str(error)
    return lines, ""


def steps(lines: list[ProgressResponse]) -> list[str]:
    """The statuses, each once where it is said several times running."""
    found: list[str] = []
    for line in lines:
        if found[-1:] != [line.status]:
            found.append(line.status)
    return found


def files(store: Store) -> set[str]:
    """What lies in the folders of blobs and manifests."""
    folders = [store.root / "blobs", store.root / "manifests"]
    return {path.name for folder in folders for path in folder.rglob("*") if path.is_file()}


def pulling(data: bytes) -> str:
    return f"pulling {digest_of(data)[7:19]}"


def test_a_model_comes_whole_and_its_manifest_as_it_is(
    store: Store, registry: FakeRegistry
) -> None:
    data = registry.offer("m", [CONFIG, WEIGHTS])
    lines, error = pull(store, registry)
    assert error == ""
    assert steps(lines) == [
        "pulling manifest",
        pulling(CONFIG),
        pulling(WEIGHTS),
        pulling(CONFIG),  # the config, which is the first layer as well
        "verifying sha256 digest",
        "writing manifest",
        "success",
    ]
    sizes = [line.completed for line in lines if line.status == pulling(WEIGHTS)]
    assert (sizes[0], sizes[-1]) == (0, len(WEIGHTS))
    assert sizes == sorted(sizes)
    name = parse_name(f"{registry.netloc}/ns/m")
    assert store.manifests.read_bytes(name) == data
    assert store.blob_path(digest_of(WEIGHTS)).read_bytes() == WEIGHTS
    assert len(files(store)) == 3


def test_what_is_here_is_not_fetched_again(store: Store, registry: FakeRegistry) -> None:
    registry.offer("m", [CONFIG, WEIGHTS])
    pull(store, registry)
    registry.asked.clear()
    lines, error = pull(store, registry)
    assert error == ""
    assert [path for _, path, _ in registry.asked] == ["/v2/ns/m/manifests/latest"]
    blobs = [line for line in lines if line.digest]
    assert [line.completed for line in blobs] == [line.total for line in blobs]
    assert len(blobs) == 3


def test_a_stored_blob_that_has_changed_is_not_noticed(
    store: Store, registry: FakeRegistry
) -> None:
    registry.offer("m", [CONFIG, WEIGHTS])
    pull(store, registry)
    store.blob_path(digest_of(WEIGHTS)).write_bytes(b"something else")
    registry.asked.clear()
    lines, error = pull(store, registry)
    assert (error, lines[-1].status) == ("", "success")
    assert len(registry.asked) == 1
    assert store.blob_path(digest_of(WEIGHTS)).read_bytes() == b"something else"


def test_a_layer_that_is_the_config_too_is_fetched_once_and_verified(
    store: Store, registry: FakeRegistry
) -> None:
    registry.offer("m", [CONFIG])  # whose first layer is the config as well
    assert pull(store, registry)[1] == ""
    assert len([1 for _, _, headers in registry.asked if "range" in headers]) == 1
    other = Store(store.root.parent / "other")
    registry.replies[blob_path(CONFIG)] = Reply(200, b"[]")
    assert "digest mismatch" in pull(other, registry)[1]
    assert files(other) == set()


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (Reply(200, b"v" * len(WEIGHTS)), "digest mismatch, file must be downloaded again: want "),
        (Reply(200, WEIGHTS[:-1]), "has 2999999 bytes, and not 3000000"),
        (Reply(200, WEIGHTS + b"w"), "has 3000001 bytes, and not 3000000"),
        (Reply(404), "file does not exist"),
        (Reply(500, b"broken"), "500: "),
        (Reply(0), ": EOF"),
    ],
)
def test_a_blob_that_does_not_come_whole_leaves_the_old_model(
    store: Store, registry: FakeRegistry, reply: Reply, words: str
) -> None:
    old = registry.offer("m", [CONFIG, b"old"])
    pull(store, registry)
    before = files(store)
    registry.offer("m", [CONFIG, WEIGHTS])
    registry.replies[blob_path(WEIGHTS)] = reply
    lines, error = pull(store, registry)
    assert words in error
    assert ("verifying sha256 digest" in steps(lines)) == ("mismatch" in words)
    assert store.manifests.read_bytes(parse_name(f"{registry.netloc}/ns/m")) == old
    assert files(store) == before


def test_a_blob_may_lie_on_another_host(store: Store, registry: FakeRegistry) -> None:
    registry.offer("m", [CONFIG])
    with fake_registry() as elsewhere:
        elsewhere.replies["GET /x"] = Reply(200, CONFIG)
        registry.replies[blob_path(CONFIG)] = Reply(
            307, b"", {"Location": f"http://{elsewhere.netloc}/x"}
        )
        assert pull(store, registry)[1] == ""


@pytest.mark.parametrize("no_prune", [False, True])
def test_layers_of_the_old_model_go(tmp_path: Path, registry: FakeRegistry, no_prune: bool) -> None:
    store = Store(tmp_path / "models", no_prune=no_prune)
    registry.offer("m", [CONFIG, b"old"])
    pull(store, registry)
    registry.offer("m", [CONFIG, b"new"])
    lines, _ = pull(store, registry)
    assert ("removing unused layers" in steps(lines)) is not no_prune
    assert steps(lines)[-1] == "success"
    assert store.has_blob(digest_of(b"old")) is no_prune
    assert store.has_blob(digest_of(b"new"))


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        ({"mediaType": "application/vnd.ollama.image.tensor", "digest": digest_of(b"")}, "MLX"),
        ({"mediaType": "x", "digest": ""}, "ns/m: digest is empty"),
        ({"mediaType": "x", "digest": "sha256:../../../etc/passwd"}, "invalid digest format"),
        ({"mediaType": "x", "digest": digest_of(b"") + "\n"}, "invalid digest format"),
    ],
)
def test_manifests_that_are_refused_before_anything_is_fetched(
    store: Store, registry: FakeRegistry, layer: dict[str, Any], words: str
) -> None:
    manifest = json.loads(registry.offer("m", [CONFIG]))
    manifest["layers"].append({**layer, "size": 1})
    registry.replies["GET /v2/ns/m/manifests/latest"] = Reply(200, json.dumps(manifest).encode())
    lines, error = pull(store, registry)
    assert (steps(lines), words in error) == (["pulling manifest"], True)
    assert files(store) == set()


def test_a_manifest_of_too_many_values_is_refused(store: Store, registry: FakeRegistry) -> None:
    registry.replies["GET /v2/ns/m/manifests/latest"] = Reply(200, b"[" + b"0," * 600_000 + b"0]")
    assert "more than 500000 values" in pull(store, registry)[1]
