"""Two processes that change one store at the same time, and a third that reads it."""

import json
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import busy_store
import pytest

from pyollama.store import Store, parse_name
from pyollama.store.blobs import Blobs
from pyollama.store.errors import StoreError
from pyollama.store.types import CreateRequest

SECONDS = 3.0


def check(store: Store) -> int:
    """Every manifest is whole, and so is every blob that one names; gives how many there are."""
    found = 0
    for name in store.manifests.names():
        path = store.manifests.path(name)
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            continue  # deleted since the folder was listed
        manifest = json.loads(data)
        for layer in [*manifest["layers"], manifest["config"]]:
            if not has_whole_blob(store, layer):
                # Then the model must have been replaced or deleted before its blob was.
                assert not path.exists() or path.read_bytes() != data, layer
        found += 1
    return found


def has_whole_blob(store: Store, layer: dict[str, object]) -> bool:
    try:
        return store.blob_path(str(layer["digest"])).stat().st_size == layer["size"]
    except FileNotFoundError:
        return False


def test_names_that_differ_in_case_alone_stay_one_model(
    store: Store, gguf: Callable[..., bytes]
) -> None:
    digest, _, _ = store.add_blob([gguf()])
    failures: list[BaseException] = []

    def make(spelling: str) -> None:
        other = Store(store.root)
        try:
            for _ in range(5):
                files = {"m.gguf": digest}
                busy_store.run(other, CreateRequest(model=spelling, files=files))
                other.copy(parse_name(spelling), parse_name(f"{spelling}/x:{spelling}"))
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=make, args=(name,)) for name in ("foo", "Foo", "FOO")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    names = [name.full.lower() for name in store.manifests.names()]
    assert len(names) == len(set(names)) == 2


@pytest.mark.parametrize("call", range(3))
def test_a_blob_that_goes_before_it_is_opened_is_missed_in_the_words_of_a_failed_open(
    store: Store, gguf: Callable[..., bytes], monkeypatch: pytest.MonkeyPatch, call: int
) -> None:
    digest, _, _ = store.add_blob([gguf()])
    found, calls = Blobs.open_path, iter(range(100))

    def found_and_gone(blobs: Blobs, digest: str) -> Path:
        path = found(blobs, digest)
        if next(calls) == call:
            path.unlink()
        return path

    monkeypatch.setattr(Blobs, "open_path", found_and_gone)
    with pytest.raises(StoreError, match="no such file or directory"):
        busy_store.run(store, CreateRequest(model="a", files={"m.gguf": digest}))
    assert list(store.manifests.names()) == []


@pytest.mark.slow
def test_two_processes_on_one_store_never_show_half_a_model(
    tmp_path: Path, gguf: Callable[..., bytes]
) -> None:
    file = tmp_path / "m.gguf"
    file.write_bytes(gguf())
    store = Store(tmp_path / "models")
    command = [sys.executable, busy_store.__file__, str(store.root), str(file)]
    processes = [
        subprocess.Popen([*command, str(seed), str(SECONDS)], stdout=subprocess.PIPE, text=True)
        for seed in range(2)
    ]
    found = 0
    while any(process.poll() is None for process in processes):
        found += check(store)
    counts = [int(process.communicate()[0] or 0) for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    assert min(counts) > 5
    assert found > 5
    check(store)
    assert list((store.root / "manifests").glob(".tmp-*")) == []
    used = {digest.replace(":", "-") for digest in store.manifests.referenced()}
    for blob in (store.root / "blobs").iterdir():
        assert blob.name in used or (store.root / ".pyollama-unclaimed" / blob.name).exists()
