"""Models go to each kind of registry and come back, byte for byte: the table of registries.md."""

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import pytest
from docker_registry import PROGRAM, docker_registry
from registry_front import RegistryFront, registry_front
from thread_server import thread_server
from token_issuer import TokenIssuer
from token_registry import TokenGate
from upload_registry import upload_registry

from pyollama.store import Store, parse_name
from pyollama.store.registry import parts, retries
from pyollama.store.types import ProgressResponse
from pyollama_conformance.registry import Repository
from pyollama_conformance.registry import served as suite_registry
from pyollama_formats.manifest import Layer, Manifest

CONFIG, WEIGHTS, TEXT, NOTHING = b"{}", os.urandom(3_500_000), b"a licence", b""
BLOBS = (CONFIG, WEIGHTS, TEXT, NOTHING)
PART = 1_000_000  # bytes, so that the weights have four parts

REAL = [
    pytest.mark.slow,
    pytest.mark.oracle,
    pytest.mark.skipif(PROGRAM is None, reason="docker-registry is not installed"),
]


@dataclass(frozen=True)
class Place:
    """Where a model goes, and the proxy before it, if there is one."""

    netloc: str
    front: RegistryFront | None = None


Kind = Callable[[Path], AbstractContextManager[Place]]


def docker(*, is_relative: bool) -> Kind:
    """docker-registry, which says where uploads go on in one of two ways."""

    @contextmanager
    def kind(folder: Path) -> Iterator[Place]:
        with docker_registry(folder, is_relative=is_relative) as netloc:
            yield Place(netloc)

    return kind


def behind_a_proxy(*, is_redirecting: bool = False, has_tokens: bool = False) -> Kind:
    """docker-registry, of which clients see a proxy alone."""

    @contextmanager
    def kind(folder: Path) -> Iterator[Place]:
        folder.mkdir()
        with registry_front(is_redirecting=is_redirecting) as front:
            environ = {}
            if has_tokens:
                issuer = TokenIssuer()
                front.token = issuer.token
                environ = issuer.environ(f"http://{front.server.netloc}/token", folder)
            with docker_registry(folder, environ=environ) as front.backend:
                yield Place(front.server.netloc, front)

    return kind


def uploads(*, is_elsewhere: bool = False, has_tokens: bool = False) -> Kind:
    """A registry that checks ranges and states, and may want the bytes of parts elsewhere."""

    @contextmanager
    def kind(folder: Path) -> Iterator[Place]:
        with upload_registry() as registry:
            registry.is_elsewhere = is_elsewhere
            if has_tokens:
                TokenGate(registry.server, uses=5)
            yield Place(registry.server.netloc)

    return kind


def suite(realm: str, *, is_plain: bool) -> Kind:
    """The registry of the conformance suite, which leads to a storage unless it is plain."""

    @contextmanager
    def kind(folder: Path) -> Iterator[Place]:
        repository = Repository(realm=realm, is_plain=is_plain)
        with suite_registry({"ns/m": repository}) as netloc, nullcontext(Place(netloc)) as place:
            yield place

    return kind


MATRIX = [
    pytest.param(docker(is_relative=True), marks=REAL, id="docker-registry, relative"),
    pytest.param(docker(is_relative=False), marks=REAL, id="docker-registry, absolute"),
    pytest.param(behind_a_proxy(), marks=REAL, id="docker-registry, proxy"),
    pytest.param(
        behind_a_proxy(is_redirecting=True), marks=REAL, id="docker-registry, redirecting proxy"
    ),
    pytest.param(behind_a_proxy(has_tokens=True), marks=REAL, id="docker-registry, token"),
    pytest.param(
        behind_a_proxy(is_redirecting=True, has_tokens=True),
        marks=REAL,
        id="docker-registry, redirecting proxy, token",
    ),
    pytest.param(uploads(), id="uploads"),
    pytest.param(uploads(is_elsewhere=True), id="uploads, bytes elsewhere"),
    pytest.param(uploads(has_tokens=True), id="uploads, tokens that run out"),
    pytest.param(suite("", is_plain=True), id="suite"),
    pytest.param(suite("", is_plain=False), id="suite, redirecting"),
    pytest.param(suite("here", is_plain=False), id="suite, redirecting, token"),
]


@pytest.fixture(autouse=True)
def small_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Blobs that have parts, no pauses, and a home without a key."""
    monkeypatch.setattr(retries, "PAUSE", 0.0)
    monkeypatch.setattr(parts, "MIN_PART", PART)
    monkeypatch.setattr(parts, "MAX_PART", PART)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))


def keep(store: Store, model: str) -> None:
    """Store a model whose blobs are small, large, and empty."""
    layers = []
    for blob in BLOBS:
        digest, size, _ = store.add_blob([blob])
        layers.append(Layer(media_type="x", digest=digest, size=size))
    store.replace(parse_name(model), Manifest(config=layers[0], layers=layers[1:]))


def drain(lines: AsyncIterator[ProgressResponse]) -> list[str]:
    """The statuses, each once where it is said several times running."""

    async def main() -> list[str]:
        said = [line.status async for line in lines]
        return [text for before, text in zip(["", *said], said, strict=False) if text != before]

    return asyncio.run(main())


@pytest.mark.parametrize("kind", MATRIX)
def test_a_model_goes_there_and_comes_back(store: Store, tmp_path: Path, kind: Kind) -> None:
    with kind(tmp_path / "registry") as place:
        model = f"{place.netloc}/ns/m:8b"
        keep(store, model)
        manifest = store.manifests.read(parse_name(model)).manifest
        first = drain(store.push(model, insecure=True))
        assert drain(store.push(model, insecure=True)) == first  # with all layers there
        other = Store(tmp_path / "other")
        statuses = drain(other.pull(parse_name(model), insecure=True))
        check_storage(place.front)
    names = [layer.digest[7:19] for layer in (*manifest.layers, manifest.config)]
    pushing = [f"pushing {name}" for name in names]
    assert first == ["retrieving manifest", *pushing, "pushing manifest", "success"]
    pulling = [f"pulling {name}" for name in names]
    ending = ["verifying sha256 digest", "writing manifest", "success"]
    assert statuses == ["pulling manifest", *pulling, *ending]
    assert other.manifests.read_bytes(parse_name(model)) == manifest.encode().rstrip(b"\n")
    for blob in BLOBS:
        assert other.blob_path(digest_of(blob)).read_bytes() == blob


@pytest.mark.parametrize("is_redirecting", [False, True], ids=["ours", "ours, redirecting proxy"])
def test_a_model_goes_from_one_machine_of_ours_to_another(
    store: Store, tmp_path: Path, is_redirecting: bool
) -> None:
    keep(store, "ns/m:8b")
    with (
        thread_server(store.root, serve_registry=True) as url,
        registry_front(is_redirecting=is_redirecting) as front,
    ):
        front.backend = url.removeprefix("http://")
        netloc = front.server.netloc if is_redirecting else front.backend
        other = Store(tmp_path / "other")
        assert drain(other.pull(parse_name(f"{netloc}/ns/m:8b"), insecure=True))[-1] == "success"
        check_storage(front)
    check_same(store, "ns/m:8b", other, f"{netloc}/ns/m:8b")


@pytest.mark.parametrize("kind", [pytest.param(docker(is_relative=False), marks=REAL)])
def test_a_model_goes_on_from_docker_registry_by_a_machine_of_ours(
    store: Store, tmp_path: Path, kind: Kind
) -> None:
    with kind(tmp_path / "registry") as place:
        model = f"{place.netloc}/ns/m:8b"
        keep(store, model)
        drain(store.push(model, insecure=True))
        middle = Store(tmp_path / "middle")
        drain(middle.pull(parse_name(model), insecure=True))
    last = Store(tmp_path / "last")
    with thread_server(middle.root, serve_registry=True) as url:
        there = f"{url.removeprefix('http://')}/ns/m:8b"
        assert drain(last.pull(parse_name(there), insecure=True))[-1] == "success"
    check_same(middle, model, last, there)


def check_same(one: Store, name: str, other: Store, its_name: str) -> None:
    """Two machines have the same model, byte for byte."""
    here, there = parse_name(name), parse_name(its_name)
    assert other.manifests.read_bytes(there) == one.manifests.read_bytes(here)
    assert other.find(there).digest == one.find(here).digest
    for blob in BLOBS:
        digest = digest_of(blob)
        assert other.blob_path(digest).read_bytes() == one.blob_path(digest).read_bytes() == blob


def digest_of(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def check_storage(front: RegistryFront | None) -> None:
    """Where a proxy redirects, it is the storage that gives the parts, and that hears no token."""
    if front is None or not front.is_redirecting:
        return
    ranges = [headers["range"] for _, _, headers in front.storage.asked if "range" in headers]
    assert sum(text.startswith("bytes=0-") for text in ranges) == len(BLOBS) - 1  # one is empty
    assert len(ranges) == len(BLOBS) - 1 + 3
    assert not [1 for _, _, headers in front.storage.asked if "authorization" in headers]
