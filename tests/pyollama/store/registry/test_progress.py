"""Whatever fails on the way: progress never goes back, and ends at the whole, in Ollama's order."""

import asyncio
import hashlib
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import pytest
from fake_registry import Asked, Reply, fake_registry
from hypothesis import given, settings
from hypothesis import strategies as st
from upload_registry import upload_registry

from pyollama.errors import PyollamaError
from pyollama.store import Store, parse_name
from pyollama.store.registry import direct, download, parts, progress, retries
from pyollama.store.types import ProgressResponse
from pyollama_formats.manifest import Layer, Manifest

PART = 1000  # bytes
SIZES = (0, 1, PART - 1, PART, PART + 1, 3 * PART, 5 * PART // 2)
BEFORE = {"pull": ["pulling manifest"], "push": ["retrieving manifest"]}
AFTER = {
    "pull": ["verifying sha256 digest", "writing manifest", "success"],
    "push": ["pushing manifest", "success"],
}

pytestmark = pytest.mark.slow

Lines = Sequence[ProgressResponse]
Fault = tuple[str, int]


@pytest.fixture(autouse=True, scope="module")
def in_a_hurry() -> Iterator[None]:
    """Small parts, no pauses, and a look at each chance."""
    with pytest.MonkeyPatch.context() as patch:
        for module, name, value in (
            (parts, "MIN_PART", PART),
            (parts, "MAX_PART", PART),
            (retries, "PAUSE", 0.0),
            (direct, "BUDGET", 0.05),
            (download, "STALL", 0.1),
            (progress, "INTERVAL", 0.001),
        ):
            patch.setattr(module, name, value)
        yield


faults = st.lists(
    st.tuples(
        st.sampled_from(["none", "busy", "gone", "cut", "stalled", "whole", "lost", "elsewhere"]),
        st.integers(0, PART),
    ),
    max_size=15,
)
models = st.lists(st.integers(0, len(SIZES) - 1), min_size=1, max_size=3)


def faulty(asked: Asked, fault: Fault, data: bytes) -> Reply | None:
    """The answer to a request for a part of a blob."""
    kind, size = fault
    first, last = map(int, asked.headers["range"][6:].split("-"))
    place = {"Content-Range": f"bytes {first}-{last}/{len(data)}"}
    return {
        "busy": Reply(503, b"busy"),
        "gone": Reply(0),
        "cut": Reply(206, data[first : last + 1][:size], place, length=last - first + 1),
        "stalled": Reply(hold=True),
        "whole": Reply(200, data[: first + size], length=len(data)),
        "lost": Reply(404),
        "elsewhere": Reply(206, data, {"Content-Range": f"bytes {first + 1}-{last}/{len(data)}"}),
    }.get(kind)


def blobs_of(model: list[int]) -> list[bytes]:
    """Blobs of these sizes, some twice; the first one is the config."""
    return [b"{}", *[bytes([choice]) * SIZES[choice] for choice in model]]


def collected(lines: AsyncIterator[ProgressResponse]) -> tuple[list[ProgressResponse], bool]:
    """The lines, and whether an error ended them."""
    found: list[ProgressResponse] = []

    async def main() -> None:
        async for line in lines:
            found.append(line)

    with suppress(PyollamaError):
        asyncio.run(main())
        return found, False
    return found, True


def check(lines: Lines, operation: str, blobs: list[bytes], *, has_failed: bool) -> None:
    """The statuses in their order, and of each digest a size that never falls."""
    said = without_repetitions([line.status for line in lines])
    middle = [f"{operation}ing {digest_of(blob)[7:19]}" for blob in (*blobs, blobs[0])]
    expected = without_repetitions([*BEFORE[operation], *middle, *AFTER[operation]])
    assert said == (expected[: len(said)] if has_failed else expected)
    for blob in blobs:
        of_blob = [line for line in lines if line.digest == digest_of(blob)]
        sizes = [line.completed for line in of_blob]
        assert sizes == sorted(sizes)
        assert {line.total for line in of_blob} <= {len(blob)}
        assert has_failed or sizes[-1] == len(blob)
        assert all(size <= len(blob) for size in sizes)


def without_repetitions(texts: list[str]) -> list[str]:
    """Each text once where it is said several times running."""
    return [text for before, text in zip(["", *texts], texts, strict=False) if text != before]


def digest_of(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


@given(model=models, failing=faults)
@settings(max_examples=15, deadline=None)
def test_a_pull_never_goes_back(model: list[int], failing: list[Fault]) -> None:
    blobs = blobs_of(model)
    with fake_registry() as registry, tempfile.TemporaryDirectory() as folder:
        registry.offer("m", blobs)
        left = list(failing)

        def gate(asked: Asked) -> Reply | None:
            if "range" not in asked.headers or not left:
                return None
            return faulty(asked, left.pop(), registry.replies[f"GET {asked.path}"].body)

        registry.gate = gate
        store = Store(Path(folder))
        name = parse_name(f"{registry.netloc}/ns/m")
        lines, has_failed = collected(store.pull(name, insecure=True))
        check(lines, "pull", blobs, has_failed=has_failed)
        left.clear()
        lines, has_failed = collected(store.pull(name, insecure=True))
        assert not has_failed
        check(lines, "pull", blobs, has_failed=False)
        for blob in blobs:
            assert store.blob_path(digest_of(blob)).read_bytes() == blob


@given(model=models, failing=faults, is_elsewhere=st.booleans())
@settings(max_examples=15, deadline=None)
def test_a_push_never_goes_back(model: list[int], failing: list[Fault], is_elsewhere: bool) -> None:
    blobs = blobs_of(model)
    with upload_registry() as registry, tempfile.TemporaryDirectory() as folder:
        registry.is_elsewhere = is_elsewhere
        store = Store(Path(folder))
        raw_name = f"{registry.server.netloc}/ns/m"
        keep(store, raw_name, blobs)
        left = list(failing)

        def gate(asked: Asked) -> Reply | None:
            is_part = asked.method == "PATCH" or asked.path.startswith("/elsewhere")
            if not is_part or not left:
                return None
            return {"busy": Reply(503), "gone": Reply(0), "lost": Reply(416)}.get(left.pop()[0])

        registry.server.gate = gate
        lines, has_failed = collected(store.push(raw_name, insecure=True))
        check(lines, "push", blobs, has_failed=has_failed)
        left.clear()
        lines, has_failed = collected(store.push(raw_name, insecure=True))
        assert not has_failed
        check(lines, "push", blobs, has_failed=False)
        for blob in blobs:
            reply = registry.server.replies[f"GET /v2/ns/m/blobs/{digest_of(blob)}"]
            assert reply.body == blob


def keep(store: Store, raw_name: str, blobs: list[bytes]) -> None:
    layers = []
    for blob in blobs:
        digest, size, _ = store.add_blob([blob])
        layers.append(Layer(media_type="x", digest=digest, size=size))
    store.replace(parse_name(raw_name), Manifest(config=layers[0], layers=layers))
