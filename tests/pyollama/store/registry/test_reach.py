"""Which registries may be talked to, and where they may lead."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from fake_registry import FakeRegistry, Reply, fake_registry

from pyollama.errors import Forbidden, PyollamaError
from pyollama.settings import Settings
from pyollama.store import Store, parse_name
from pyollama.store.registry import direct, reach, retries
from pyollama.store.registry.allowed import AllowList
from pyollama.store.registry.reach import Distance, Reach, distance
from pyollama.store.registry.retries import Hopeless
from pyollama.store.types import ProgressResponse
from pyollama_formats.manifest import Layer, Manifest

DATA = b"layer" * 1000
DIGEST = "sha256:" + hashlib.sha256(DATA).hexdigest()
BLOB = f"/v2/ns/m/blobs/{DIGEST}"


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retries, "PAUSE", 0.0)
    monkeypatch.setattr(direct, "BUDGET", 0.0)


@pytest.fixture
def inside(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeRegistry]:
    """Somebody at 127.0.0.2, which is here, while 127.0.0.1 is in the world."""
    distances = {"127.0.0.1": Distance.WORLD, "127.0.0.2": Distance.HERE}
    monkeypatch.setattr(reach, "distance", distances.__getitem__)
    with fake_registry("127.0.0.2") as found:
        yield found


def drain(lines: AsyncIterator[ProgressResponse]) -> str:
    """The last status, or the error."""

    async def main() -> str:
        return [line.status async for line in lines][-1]

    try:
        return asyncio.run(main())
    except PyollamaError as error:
        return f"error: {error}"


def pull(store: Store, registry: FakeRegistry) -> str:
    return drain(store.pull(parse_name(f"{registry.netloc}/ns/m"), insecure=True))


def keep(store: Store, registry: FakeRegistry) -> None:
    """Store ns/m with one layer."""
    layer = Layer(media_type="x", digest=store.add_blob([DATA])[0], size=len(DATA))
    store.replace(parse_name(f"{registry.netloc}/ns/m"), Manifest(config=layer))


@pytest.mark.parametrize(
    ("host", "found"),
    [
        ("127.0.0.1", "HERE"), ("127.9.9.9", "HERE"), ("::1", "HERE"), ("0.0.0.0", "HERE"),
        ("::ffff:127.0.0.1", "HERE"), ("localhost", "HERE"), ("169.254.169.254", "LINK"),
        ("fe80::1%eth0", "LINK"), ("10.0.0.1", "PRIVATE"), ("192.168.1.1", "PRIVATE"),
        ("100.64.0.1", "PRIVATE"), ("fd00:ec2::254", "PRIVATE"), ("8.8.8.8", "WORLD"),
        ("2606:4700::1111", "WORLD"), ("registry.ollama.ai", "WORLD"),
    ],
)  # fmt: skip
def test_how_far_away_an_address_is(host: str, found: str) -> None:
    assert distance(host).name == found


@pytest.mark.parametrize(
    ("home", "target", "is_allowed"),
    [
        ("8.8.8.8", "9.9.9.9", True), ("8.8.8.8", "10.0.0.1", False),
        ("8.8.8.8", "127.0.0.1", False), ("8.8.8.8", "169.254.169.254", False),
        ("10.0.0.1", "192.168.0.1", True), ("10.0.0.1", "169.254.169.254", False),
        ("10.0.0.1", "127.0.0.1", False), ("127.0.0.1", "127.0.0.1", True),
        ("127.0.0.1", "8.8.8.8", True),
    ],
)  # fmt: skip
def test_nobody_leads_nearer_than_he_is_himself(home: str, target: str, is_allowed: bool) -> None:
    bounds = Reach(AllowList())
    bounds.require("h", 443, home)
    if is_allowed:
        bounds.require("x", 80, target)
    else:
        with pytest.raises(Hopeless, match=r"leads to x:80, which is in a private network"):
            bounds.require("x", 80, target)


def test_a_manifest_that_lies_inside(
    store: Store, registry: FakeRegistry, inside: FakeRegistry
) -> None:
    away = Reply(302, b"", {"Location": f"http://{inside.netloc}/secret"})
    registry.replies["GET /v2/ns/m/manifests/latest"] = away
    assert pull(store, registry) == (
        f"error: pull model manifest: the registry leads to {inside.netloc}, "
        "which is in a private network"
    )
    assert inside.asked == []


def test_a_blob_that_lies_inside(
    store: Store, registry: FakeRegistry, inside: FakeRegistry
) -> None:
    registry.offer("m", [DATA])
    inside.replies["GET /x"] = Reply(200, DATA)
    away = Reply(307, b"", {"Location": f"http://{inside.netloc}/x"})
    registry.gate = lambda a: away if a.method == "GET" and a.path == BLOB else None
    assert "which is in a private network" in pull(store, registry)
    assert inside.asked == []


def test_an_upload_that_would_go_inside(
    store: Store, registry: FakeRegistry, inside: FakeRegistry
) -> None:
    keep(store, registry)
    away = Reply(202, b"", {"Location": f"http://{inside.netloc}/upload"})
    registry.replies["POST /v2/ns/m/blobs/uploads/"] = away
    words = drain(store.push(f"{registry.netloc}/ns/m", insecure=True))
    assert "which is in a private network" in words
    assert inside.asked == []


def test_a_mirror_that_is_listed_may_lie_inside(
    tmp_path: Path, registry: FakeRegistry, inside: FakeRegistry
) -> None:
    store = Store(tmp_path / "models", allow_registries=["127.0.0.1", inside.netloc])
    registry.offer("m", [DATA])
    inside.replies["GET /x"] = Reply(200, DATA)
    away = Reply(307, b"", {"Location": f"http://{inside.netloc}/x"})
    registry.gate = lambda a: away if a.method == "GET" and a.path == BLOB else None
    assert pull(store, registry) == "success"


def test_by_a_proxy_it_is_the_url_that_counts(
    store: Store, registry: FakeRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://{registry.netloc}")
    away = Reply(302, b"", {"Location": "http://169.254.169.254/latest/meta-data"})
    registry.replies["GET http://h.example/v2/ns/m/manifests/latest"] = away
    words = drain(store.pull(parse_name("h.example/ns/m"), insecure=True))
    assert words.endswith("leads to 169.254.169.254:80, which is in a private network")
    assert len(registry.asked) == 1


@pytest.mark.parametrize(
    ("entries", "host", "is_allowed"),
    [
        (None, "h", True), ([], "h", False), (["none"], "registry.ollama.ai", False),
        (["h"], "h", True), (["H"], "h:5000", True), (["h:5000"], "h:5000", True),
        (["h:5000"], "h:5001", False), (["h:5000"], "h", False), (["h"], "x.h", False),
        (["*.h"], "x.h:1", True), (["*.h"], "h", False), (["*.h"], "xh", False),
        (["a", " b "], "b", True), (["h"], "h.evil", False), (["[::1]"], "[::1]:5000", True),
    ],
)  # fmt: skip
def test_an_allow_list(entries: list[str] | None, host: str, is_allowed: bool) -> None:
    if is_allowed:
        AllowList(entries).require(host)
    else:
        with pytest.raises(Forbidden, match="is not in PYOLLAMA_ALLOW_REGISTRIES"):
            AllowList(entries).require(host)


def test_a_registry_that_is_not_allowed_hears_nothing(
    tmp_path: Path, registry: FakeRegistry
) -> None:
    store = Store(tmp_path / "models", allow_registries=["registry.ollama.ai"])
    keep(store, registry)
    refused = f'error: registry "{registry.netloc}" is not in PYOLLAMA_ALLOW_REGISTRIES'
    assert pull(store, registry) == refused
    assert drain(store.push(f"{registry.netloc}/ns/m", insecure=True)) == refused
    assert registry.asked == []


def test_tiny_needs_no_registry(tmp_path: Path) -> None:
    store = Store(tmp_path / "models", allow_registries=["none"])
    assert drain(store.pull(parse_name("tiny"))) == "success"


def test_the_list_is_a_variable() -> None:
    read = Settings.from_environ
    assert read({}).allow_registries is None
    assert read({"PYOLLAMA_ALLOW_REGISTRIES": " "}).allow_registries is None
    assert read({"PYOLLAMA_ALLOW_REGISTRIES": "a, *.b:1,"}).allow_registries == ("a", "*.b:1")
