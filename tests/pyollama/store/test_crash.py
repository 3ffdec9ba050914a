"""kill -9 at every point where the store touches the disk leaves nothing half-visible."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pyollama.errors import NotFound
from pyollama.store import Store, parse_name
from pyollama.store.blobs import is_digest
from pyollama.store.types import CreateRequest

SCRIPT = Path(__file__).parent / "crash_script.py"


def check(store: Store, digest: str) -> bool:
    """Every blob is whole, the model is whole or absent, and a second try succeeds."""
    for file in (store.root / "blobs").glob("*"):
        if is_digest(file.name):
            assert file.name[7:] == hashlib.sha256(file.read_bytes()).hexdigest()
    try:
        model = store.find(parse_name("m"))
    except NotFound:
        was_there = False
    else:
        was_there = True
        assert model.system == "new"
        assert model.facts is not None
        assert [entry.name for entry in store.tags().models] == ["m:latest"]
    return was_there


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="kills forked children")
def test_a_kill_at_any_point_leaves_a_whole_model_or_none(
    tmp_path: Path, gguf: Callable[..., bytes]
) -> None:
    file = tmp_path / "m.gguf"
    file.write_bytes(gguf())
    digest = "sha256:" + hashlib.sha256(file.read_bytes()).hexdigest()
    command = [sys.executable, str(SCRIPT), str(file), str(tmp_path)]
    n_points = int(subprocess.run(command, check=True, capture_output=True).stdout)
    assert n_points > 10
    seen = [check(Store(tmp_path / str(n)), digest) for n in range(n_points + 1)]
    assert seen == sorted(seen)  # once there, it is there at every later point
    assert seen[-1]
    for n in range(n_points + 1):
        store = Store(tmp_path / str(n))
        store.add_blob([file.read_bytes()])
        list(store.create(CreateRequest(model="m", files={"m.gguf": digest}, system="new")))
        assert check(store, digest)
