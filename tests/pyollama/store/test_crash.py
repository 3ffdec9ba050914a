"""kill -9 at every point where the store changes the disk: no half of anything is ever visible."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import killed_store
import numpy as np
import pytest
from visible_store import DIGEST, hex_of, visible

from pyollama.store import Store, tiny
from pyollama.store.types import CreateRequest
from pyollama_formats.blocks import GGMLType
from pyollama_formats.gguf import write_gguf

LEFTOVER = re.compile(r"blobs/sha256-[0-9]{20}|manifests/\.tmp-[0-9a-f]+")

# A file that is put into another layout when a model is made of it, so that it is copied.
TENSORS = {name: (np.ones((2, 8), np.float32), GGMLType.F32) for name in ("b.weight", "a.weight")}

Build = Callable[..., bytes]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="forks, and finds files in /proc"),
]


def check_leftovers(root: Path) -> None:
    """Whatever no model uses is a temporary file, or a blob that we know to be ours."""
    used = set().union(*visible(root).values())
    for path in [path for path in root.rglob("*") if path.is_file()]:
        place = str(path.relative_to(root))
        if path.parent.name == "blobs" and DIGEST.fullmatch(path.name):
            assert path.name in used or (root / ".pyollama-unclaimed" / path.name).exists()
        elif path.parent.name in ("blobs", "manifests"):
            assert LEFTOVER.fullmatch(place), place


def tidied(root: Path, copy: Path) -> Path:
    """A copy of the store in which everything is old, after the next start of a server."""
    shutil.copytree(root, copy)
    two_hours_ago = time.time() - 7200
    for path in copy.rglob("*"):
        os.utime(path, (two_hours_ago, two_hours_ago))
    Store(copy).tidy()
    return copy


def files_of(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}


def check_tidied(root: Path, copy: Path) -> None:
    """The next start removes every leftover and nothing else."""
    before = visible(root)
    assert {entry.name for entry in Store(root).tags().models} == set(before)
    after = tidied(root, copy)
    assert visible(after) == before
    blobs = {f"blobs/{name}" for names in before.values() for name in names}
    left = {place for place in files_of(after) if not place.startswith("manifests/reg")}
    assert left - {".pyollama-lock"} == blobs


def template(folder: Path, gguf: Build, *, has_m: bool) -> Path:
    """A store with the model old, and m made from the same file if it is to be there."""
    store = Store(folder)
    digest, _, _ = store.add_blob([gguf({"general.name": "old"})])
    for name in ["old", *["m"] * has_m]:
        request = CreateRequest(model=name, files={"old.gguf": digest}, system=f"the {name}")
        assert [line.status for line in store.create(request)][-1] == "success"
    return folder


@pytest.mark.parametrize(
    ("operation", "has_m", "visible_after"),
    [
        ("upload", False, {"old:latest"}),
        ("create", False, {"old:latest", "m:latest"}),
        ("create", True, {"old:latest", "m:latest"}),
        ("copy", False, {"old:latest", "m:latest"}),
        ("copy", True, {"old:latest", "m:latest"}),
        ("delete", True, {"old:latest"}),
        ("pull", False, {"old:latest", "tiny:latest"}),
        ("tidy", True, {"old:latest", "m:latest"}),
    ],
)
def test_a_kill_at_any_point_shows_the_old_state_or_the_new_one(
    tmp_path: Path,
    gguf: Build,
    monkeypatch: pytest.MonkeyPatch,
    operation: str,
    has_m: bool,
    visible_after: set[str],
) -> None:
    monkeypatch.setattr(tiny, "files", vars(tiny)["files"])  # which pulling changes
    start = template(tmp_path / "template", gguf, has_m=has_m)
    if operation == "tidy":
        make_rubbish(start)
    data = tmp_path / "new.gguf"
    write_gguf(data, {"general.architecture": "llama", "llama.block_count": 1}, TENSORS)
    command = [sys.executable, killed_store.__file__, operation, *map(str, (data, start, tmp_path))]
    log = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    assert len(log) > 5
    killed_store.check_flushed(log)
    states = [visible(tmp_path / str(n)) for n in range(len(log) + 1)]
    old, new = visible(start), states[-1]
    assert set(new) == visible_after
    seen = [state == new for state in states]
    assert all(state in (old, new) for state in states)
    assert seen == sorted(seen)  # once the new state is there, it is there at every later point
    for n in range(len(log) + 1):
        check_leftovers(tmp_path / str(n))
        check_tidied(tmp_path / str(n), tmp_path / f"{n}-tidied")
        check_repeated(tmp_path / str(n), tmp_path / f"{n}-again", operation, data, new)


def make_rubbish(root: Path) -> None:
    """What crashes leave behind, two hours old."""
    store = Store(root)
    store.add_blob([b"an upload that nobody used"])
    for place in ("blobs/sha256-01234567890123456789", "manifests/.tmp-0123"):
        (root / place).write_bytes(b"half a fi")
    (root / "manifests/registry.ollama.ai/library/empty").mkdir()
    two_hours_ago = time.time() - 7200
    for path in root.rglob("*"):
        os.utime(path, (two_hours_ago, two_hours_ago))


def check_repeated(
    root: Path, copy: Path, operation: str, data: Path, expected: dict[str, set[str]]
) -> None:
    """The operation done again where it was killed has its whole effect, unless it had it then."""
    if operation == "delete" and visible(root) == expected:
        return  # what is gone cannot be deleted again
    shutil.copytree(root, copy)
    killed_store.OPERATIONS[operation](Store(copy), data.read_bytes())
    assert visible(copy) == expected
    check_leftovers(copy)
    if operation in ("upload", "create"):
        assert (copy / "blobs" / f"sha256-{hex_of(data)}").exists()


def test_the_walk_notices_a_store_that_writes_in_place(tmp_path: Path, gguf: Build) -> None:
    """The other tests would fail if manifests were written under their own names."""
    root = template(tmp_path / "template", gguf, has_m=False)
    (manifest,) = (root / "manifests").glob("*/*/*/*")
    whole = manifest.read_bytes()
    manifest.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(json.JSONDecodeError):
        visible(root)
