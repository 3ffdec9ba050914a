"""Models that go to a registry: asked for, mounted, sent in parts; then the manifest."""

import asyncio
import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace

import pytest
from fake_registry import Asked, Reply
from upload_registry import UploadRegistry, upload_registry

from pyollama.errors import PyollamaError
from pyollama.store import Store, parse_name
from pyollama.store.registry import parts, retries
from pyollama.store.types import ProgressResponse
from pyollama_formats.manifest import Layer, Manifest

CONFIG, WEIGHTS = b"{}", bytes(range(256)) * 40
GIVEN_UP = "max retries exceeded"
PART = 3000  # bytes, so that WEIGHTS has four parts


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[UploadRegistry]:
    """A registry to push to; parts are small and pauses short."""
    monkeypatch.setattr(parts, "MIN_PART", PART)
    monkeypatch.setattr(parts, "MAX_PART", PART)
    monkeypatch.setattr(retries, "PAUSE", 0.0)
    with upload_registry() as found:
        yield found


def digest_of(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def keep(store: Store, registry: UploadRegistry, data: bytes = WEIGHTS, from_: str = "") -> None:
    """Store the model ns/m with one layer."""
    for blob in (CONFIG, data):
        store.add_blob([blob])
    config = Layer(media_type="c", digest=digest_of(CONFIG), size=len(CONFIG))
    layer = Layer(media_type="w", digest=digest_of(data), size=len(data), from_=from_)
    name = parse_name(f"{registry.server.netloc}/ns/m")
    store.replace(name, Manifest(config=config, layers=[layer]))


def push(store: Store, registry: UploadRegistry) -> tuple[list[ProgressResponse], str]:
    """The lines, and the error that ended them."""
    lines: list[ProgressResponse] = []

    async def main() -> None:
        async for line in store.push(f"{registry.server.netloc}/ns/m", insecure=True):
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


def asked(registry: UploadRegistry, method: str) -> list[str]:
    return [path for verb, path, _ in registry.server.asked if verb == method]


def blob(registry: UploadRegistry, data: bytes) -> bytes | None:
    reply = registry.server.replies.get(f"GET /v2/ns/m/blobs/{digest_of(data)}")
    return reply.body if reply else None


def test_a_model_arrives(store: Store, registry: UploadRegistry) -> None:
    keep(store, registry)
    lines, error = push(store, registry)
    assert error == ""
    assert steps(lines) == [
        "retrieving manifest",
        f"pushing {digest_of(WEIGHTS)[7:19]}",
        f"pushing {digest_of(CONFIG)[7:19]}",
        "pushing manifest",
        "success",
    ]
    weights = [line for line in lines if line.digest == digest_of(WEIGHTS)]
    assert {line.total for line in weights} == {len(WEIGHTS)}
    assert [line.completed for line in weights] == sorted(line.completed for line in weights)
    assert weights[-1].completed == len(WEIGHTS)
    assert (blob(registry, WEIGHTS), blob(registry, CONFIG)) == (WEIGHTS, CONFIG)


def test_parts_say_which_bytes_they_are(store: Store, registry: UploadRegistry) -> None:
    keep(store, registry)
    push(store, registry)
    patches = [headers for verb, _, headers in registry.server.asked if verb == "PATCH"]
    ranges = [headers["content-range"] for headers in patches]
    assert ranges == ["0-2999", "3000-5999", "6000-8999", "9000-10239", "0-1"]
    assert [headers["content-length"] for headers in patches[3:]] == ["1240", "2"]
    assert {headers["x-redirect-uploads"] for headers in patches} == {"1"}
    assert {headers["content-type"] for headers in patches} == {"application/octet-stream"}


def test_the_last_word_has_the_digest_and_the_etag(store: Store, registry: UploadRegistry) -> None:
    keep(store, registry, b"abc")
    push(store, registry)
    etag = hashlib.md5(hashlib.md5(b"abc").digest()).hexdigest()
    path = asked(registry, "PUT")[0]
    assert path.startswith("/v2/ns/m/blobs/uploads/0?_state=3&")
    assert path.endswith(f"&digest=sha256%3A{digest_of(b'abc')[7:]}&etag={etag}-1")


def test_the_manifest_is_compact_and_without_what_nobody_knows(
    store: Store, registry: UploadRegistry
) -> None:
    keep(store, registry)
    name = parse_name(f"{registry.server.netloc}/ns/m")
    stored = json.loads(store.manifests.read_bytes(name))
    store.manifests.write(name, json.dumps({**stored, "odd": 1}, indent=1).encode())
    push(store, registry)
    data = registry.server.replies["GET /v2/ns/m/manifests/latest"].body
    assert data == json.dumps(stored, separators=(",", ":")).encode()
    method, _, headers = registry.server.asked[-1]
    kind = "application/vnd.docker.distribution.manifest.v2+json"
    assert (method, headers["content-type"]) == ("PUT", kind)


def test_what_is_there_is_not_sent(store: Store, registry: UploadRegistry) -> None:
    keep(store, registry)
    push(store, registry)
    registry.server.asked.clear()
    lines, error = push(store, registry)
    assert (error, asked(registry, "POST"), len(lines)) == ("", [], 5)
    assert [line.completed for line in lines if line.digest] == [len(WEIGHTS), len(CONFIG)]


def test_a_layer_is_mounted_from_the_model_it_comes_from(
    store: Store, registry: UploadRegistry
) -> None:
    source = f"GET /v2/other/base/blobs/{digest_of(WEIGHTS)}"
    registry.server.replies[source] = Reply(200, WEIGHTS)
    keep(store, registry, from_="other/base:8b")
    lines, error = push(store, registry)
    assert (error, steps(lines)[-1]) == ("", "success")
    query = f"?from=other%2Fbase&mount=sha256%3A{digest_of(WEIGHTS)[7:]}"
    assert asked(registry, "POST")[0] == f"/v2/ns/m/blobs/uploads/{query}"
    assert len(asked(registry, "PATCH")) == 1  # the config alone


@pytest.mark.parametrize("from_", ["other/base", "/home/me/model.gguf"])
def test_a_layer_that_cannot_be_mounted_is_sent(
    store: Store, registry: UploadRegistry, from_: str
) -> None:
    keep(store, registry, from_=from_)
    assert push(store, registry)[1] == ""
    assert blob(registry, WEIGHTS) == WEIGHTS


def test_a_registry_may_want_the_bytes_elsewhere(store: Store, registry: UploadRegistry) -> None:
    registry.is_elsewhere = True
    keep(store, registry)
    assert push(store, registry)[1] == ""
    assert blob(registry, WEIGHTS) == WEIGHTS
    assert len([path for path in asked(registry, "PUT") if path.startswith("/elsewhere/")]) == 5
    parts_md5 = b"".join(
        hashlib.md5(WEIGHTS[at : at + PART]).digest() for at in range(0, len(WEIGHTS), PART)
    )
    etag = f"{hashlib.md5(parts_md5).hexdigest()}-4"
    assert any(path.endswith(etag) for path in asked(registry, "PUT"))


def test_an_empty_layer_has_no_parts(store: Store, registry: UploadRegistry) -> None:
    keep(store, registry, b"")
    assert push(store, registry)[1] == ""
    assert blob(registry, b"") == b""


class Refusals:
    """Answers the first requests of a kind, such as "PATCH uploads", with a refusal."""

    def __init__(self, kind: str, reply: Reply, times: int) -> None:
        self.method, self.place = kind.split()
        self.reply, self.times = reply, times

    def __call__(self, asked: Asked) -> Reply | None:
        if asked.method != self.method or self.place not in asked.path or self.times == 0:
            return None
        self.times -= 1
        return replace(self.reply)


@pytest.mark.parametrize("reply", [Reply(500, b"x"), Reply(0), Reply(429), Reply(416)])
@pytest.mark.parametrize("place", ["PATCH uploads", "PUT uploads", "PUT elsewhere"])
def test_what_is_refused_is_tried_again(
    store: Store, registry: UploadRegistry, place: str, reply: Reply
) -> None:
    registry.is_elsewhere = "elsewhere" in place
    registry.server.gate = Refusals(place, reply, times=4)
    keep(store, registry)
    lines, error = push(store, registry)
    assert error == ""
    assert blob(registry, WEIGHTS) == WEIGHTS
    sizes = [line.completed for line in lines if line.digest == digest_of(WEIGHTS)]
    assert sizes == sorted(sizes)


def test_a_part_that_got_half_way_makes_the_upload_begin_anew(
    store: Store, registry: UploadRegistry
) -> None:
    def gate(asked: Asked) -> Reply | None:
        if asked.method == "PATCH" and asked.headers["content-range"] == "3000-5999":
            registry.server.gate = lambda _: None
            registry.received["/v2/ns/m/blobs/uploads/0"] += b"half"
            return Reply(0)
        return None

    registry.server.gate = gate
    keep(store, registry)
    assert push(store, registry)[1] == ""
    assert blob(registry, WEIGHTS) == WEIGHTS
    assert len(asked(registry, "POST")) == 3  # two for the weights, one for the config


@pytest.mark.parametrize(
    ("place", "reply", "words"),
    [
        ("PATCH uploads", Reply(502, b"x"), f"{GIVEN_UP}: http status 502 Bad Gateway: x"),
        ("PUT elsewhere", Reply(403, b"x"), f"{GIVEN_UP}: http status 403 Forbidden: x"),
        ("PUT /blobs/", Reply(500, b"x"), f"{GIVEN_UP}: 500: x"),
        ("POST uploads", Reply(500, b"x"), "500: x"),
        ("PUT manifests", Reply(413, b"large"), "413: large"),
    ],
)  # fmt: skip
def test_what_is_refused_for_good_ends_the_push(
    store: Store, registry: UploadRegistry, place: str, reply: Reply, words: str
) -> None:
    registry.is_elsewhere = "elsewhere" in place
    registry.server.gate = Refusals(place, reply, times=-1)
    keep(store, registry)
    assert push(store, registry)[1] == words
    assert "GET /v2/ns/m/manifests/latest" not in registry.server.replies


def test_a_blob_that_is_gone_here(store: Store, registry: UploadRegistry) -> None:
    keep(store, registry)
    path = store.blob_path(digest_of(WEIGHTS))
    path.unlink()
    assert push(store, registry)[1] == f"open {path}: no such file or directory"


def test_a_blob_that_is_gone_here_may_be_there(store: Store, registry: UploadRegistry) -> None:
    keep(store, registry)
    push(store, registry)
    store.blob_path(digest_of(WEIGHTS)).unlink()
    assert push(store, registry)[1] == ""


@pytest.mark.parametrize(
    ("total", "number"),
    [(0, 0), (1, 1), (100_000_000, 1), (100_000_001, 2), (1_600_000_000, 16),
     (20_000_000_000, 20)],
)  # fmt: skip
def test_sizes_and_their_parts(total: int, number: int) -> None:
    found = parts.split(total)
    assert len(found) == number
    assert sum(size for _, size in found) == total
