"""kill -9 at every point of a pull and of a push: nothing is half there, nothing comes twice."""

import asyncio
import hashlib
import os
import re
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import killed_transfer
import pytest
from fake_registry import FakeRegistry, fake_registry
from killed_store import check_flushed
from killed_transfer import PART
from upload_registry import upload_registry
from visible_store import DIGEST, visible

from pyollama.store import Store, parse_name
from pyollama.store.registry import parts
from pyollama.store.registry.partial import Partial
from pyollama.store.types import ProgressResponse
from pyollama_formats.manifest import Layer, Manifest

KEPT, DROPPED, WEIGHTS = b"{}", b"a layer of the old model", os.urandom(PART + PART // 2)
PARTIAL = re.compile(r"sha256-[0-9a-f]{64}-partial(-[0-9]+)?")
N_PUSHED = 40  # models, one for each point at which a push is killed

Asked = tuple[str, str, dict[str, str]]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="forks, and finds files in /proc"),
]


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MIN_PART", "MAX_PART"):
        monkeypatch.setattr(parts, name, PART)
    monkeypatch.setattr(parts, "N_PARTS", 1)


def keep(store: Store, model: str, *blobs: bytes) -> None:
    """Store a model whose config is its first layer as well."""
    layers = [Layer(media_type="x", digest=store.add_blob([b])[0], size=len(b)) for b in blobs]
    store.replace(parse_name(model), Manifest(config=layers[0], layers=layers))


def walk(operation: str, netloc: str, template: Path, folder: Path) -> list[str]:
    """What the child did that lived through it all, one call each."""
    program = str(killed_transfer.__file__)
    command = [sys.executable, program, operation, netloc, str(template), str(folder)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return done.stdout.splitlines()


def drain(lines: AsyncIterator[ProgressResponse]) -> None:
    async def main() -> str:
        return [line.status async for line in lines][-1]

    assert asyncio.run(main()) == "success"


def test_a_pull_goes_on_where_it_was_killed(tmp_path: Path) -> None:
    with fake_registry() as registry:
        model = f"{registry.netloc}/ns/m"
        registry.offer("m", [KEPT, WEIGHTS])
        template = tmp_path / "template"
        keep(Store(template), model, KEPT, DROPPED)
        log = walk("pull", registry.netloc, template, tmp_path)
        asked = asked_by_each_child(registry)
        check_flushed(log)
        assert any(line.startswith("write ") and "-partial-1" in line for line in log)
        n_state = len(log) + 1
        states = [visible(tmp_path / str(n)) for n in range(n_state)]
        old, new = visible(template), states[-1]
        assert len(new["m:latest"] - old["m:latest"]) == 1
        assert all(state in (old, new) for state in states)
        seen = [state == new for state in states]
        assert seen == sorted(seen)  # once the new model is there, it is there at every later point
        for n in range(n_state):
            root = tmp_path / str(n)
            check_leftovers(root)
            restarted(root, minutes=50)
            check_goes_on(registry, Store(root), asked[n])
            assert visible(root) == new
            restarted(root, minutes=70)
            assert left_over(root) == set()


def asked_by_each_child(registry: FakeRegistry) -> list[list[Asked]]:
    """The requests of each pull, which begins with its manifest."""
    found: list[list[Asked]] = []
    for each in registry.asked:
        if "/manifests/" in each[1]:
            found.append([])
        found[-1].append(each)
    return found


def check_leftovers(root: Path) -> None:
    """A kill leaves whole blobs, parts of some, temporary files of manifests, and our notes."""
    for path in (path for path in root.rglob("*") if path.is_file()):
        place = path.relative_to(root)
        if place.parts[0] == "blobs":
            assert DIGEST.fullmatch(path.name) or PARTIAL.fullmatch(path.name)


def restarted(root: Path, *, minutes: float) -> None:
    """The next start of a server, so long after the last change."""
    moment = time.time() - 60 * minutes
    for path in root.rglob("*"):
        os.utime(path, (moment, moment))
    Store(root).tidy()


def check_goes_on(registry: FakeRegistry, store: Store, before: list[Asked]) -> None:
    """Pull again: what is here is not asked for, and what was asked for twice is one part."""
    digest = "sha256:" + hashlib.sha256(WEIGHTS).hexdigest()
    is_whole = store.has_blob(digest)
    partial = Partial(store.blobs, digest, len(WEIGHTS))
    is_begun = partial.resume()
    registry.asked.clear()
    drain(store.pull(parse_name(f"{registry.netloc}/ns/m"), insecure=True))
    asked = [(verb, headers) for verb, path, headers in registry.asked if path.endswith(digest)]
    again = ranges_of(registry.asked)
    if is_whole:
        assert asked == []
    elif is_begun:
        assert "HEAD" not in [verb for verb, _ in asked]
        missing = [part for part in partial.parts if part.completed < part.size]
        assert again == [(p.offset + p.completed, p.offset + p.size - 1) for p in missing]
    else:
        assert ranges_of(before) == []  # nothing had come
    assert not [span for span in ranges_of(before)[:-1] if span in again]


def ranges_of(asked: list[Asked]) -> list[tuple[int, int]]:
    """First and last byte of each range that was asked for."""
    texts = [headers["range"] for _, _, headers in asked if "range" in headers]
    return [(int(first), int(last)) for first, last in (text[6:].split("-") for text in texts)]


def left_over(root: Path) -> set[str]:
    """What nobody needs."""
    used = set().union(*visible(root).values())
    blobs = {path.name for path in (root / "blobs").iterdir()}
    temporary = {path.name for path in (root / "manifests").glob(".tmp-*")}
    claims = {path.name for path in (root / ".pyollama-downloads").iterdir()}
    notes = {path.name for path in (root / ".pyollama-unclaimed").iterdir()}
    return (blobs - used) | temporary | claims | notes


def test_a_push_that_is_killed_changes_nothing_here(tmp_path: Path) -> None:
    with upload_registry() as registry:
        store = Store(tmp_path / "template")
        netloc = registry.server.netloc
        for n in range(N_PUSHED):
            keep(store, f"{netloc}/ns/m{n}", KEPT, WEIGHTS)
        log = walk("push", netloc, store.root, tmp_path)
        assert {line.partition(" ")[0] for line in log} == {"send"}
        assert 10 < len(log) < N_PUSHED
        before = snapshot(store.root)
        for n in range(len(log) + 1):
            copy = Store(tmp_path / str(n))
            assert snapshot(copy.root) == before
            drain(copy.push(f"{netloc}/ns/m{n}", insecure=True))
            digest = "sha256:" + hashlib.sha256(WEIGHTS).hexdigest()
            assert registry.server.replies[f"GET /v2/ns/m{n}/blobs/{digest}"].body == WEIGHTS
            assert f"GET /v2/ns/m{n}/manifests/latest" in registry.server.replies


def snapshot(root: Path) -> dict[str, tuple[bytes, int]]:
    """The bytes and the time of every file."""
    files = (path for path in root.rglob("*") if path.is_file())
    return {
        str(path.relative_to(root)): (path.read_bytes(), path.stat().st_mtime_ns) for path in files
    }
