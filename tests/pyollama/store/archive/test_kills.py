"""kill -9 at every point of an import: the old model or the new one, and a store that works."""

import hashlib
import io
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import killed_store
import pytest
from offered import WEIGHTS, offer
from visible_store import DIGEST, visible

from pyollama.store import Store, parse_name
from pyollama.store.archive.exporting import export

TEMPORARY = re.compile(r"sha256-[0-9]{20}")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="forks, and finds files in /proc"),
]


def archive(folder: Path) -> Path:
    """A file with a model m of three blobs, one of which the other store has too."""
    store = Store(folder / "source")
    offer(store, "m", WEIGHTS, b"new", b"kept")
    out = io.BytesIO()
    for _ in export(store, parse_name("m"), out):
        continue
    path = folder / "m.tar"
    path.write_bytes(out.getvalue())
    return path


def swept(root: Path) -> None:
    """The next start of a server, two hours later."""
    moment = time.time() - 7200
    for path in root.rglob("*"):
        os.utime(path, (moment, moment))
    Store(root).tidy()


def test_an_import_that_is_killed_shows_the_old_state_or_the_new_one(tmp_path: Path) -> None:
    file, template = archive(tmp_path), Store(tmp_path / "template")
    offer(template, "other", b"kept")
    offer(template, "m", b"old weights", b"kept")
    program = [sys.executable, killed_store.__file__]
    command = [*program, "import", *map(str, (file, template.root, tmp_path))]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    log = done.stdout.splitlines()
    killed_store.check_flushed(log)
    assert len([line for line in log if line.startswith("rename ")]) >= 3  # two blobs, one manifest
    states = [visible(tmp_path / str(n)) for n in range(len(log) + 1)]
    old, new = visible(template.root), states[-1]
    assert set(new) == {"m:latest", "other:latest"}
    assert all(state in (old, new) for state in states)
    assert [state == new for state in states] == sorted(state == new for state in states)
    for n in range(len(log) + 1):
        root = tmp_path / str(n)
        check_leftovers(root)
        killed_store.take(Store(root), file.read_bytes())
        assert visible(root) == new
        swept(root)
        assert visible(root) == new
        assert {path.name for path in (root / "blobs").iterdir()} == set().union(*new.values())


def check_leftovers(root: Path) -> None:
    """Whatever no model uses is a temporary file, or a blob that a note tells to be ours."""
    used = set().union(*visible(root).values())
    for path in (root / "blobs").iterdir():
        is_noted = (root / ".pyollama-unclaimed" / path.name).exists()
        whole = DIGEST.fullmatch(path.name) and (path.name in used or is_noted)
        assert whole or TEMPORARY.fullmatch(path.name)
        if whole:
            assert path.name == f"sha256-{hashlib.sha256(path.read_bytes()).hexdigest()}"
