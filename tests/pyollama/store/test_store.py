"""The store as a whole: lists, deletion with shared layers, sizes, two stores, the tiny model."""

import json
import os
import threading
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from pyollama.errors import NotFound
from pyollama.store import Store, facts, parse_name, tiny
from pyollama.store.errors import StoreError
from pyollama.store.lock import StoreLock
from pyollama.store.model import media_type
from pyollama_formats.errors import FormatError
from pyollama_formats.gguf import GGUFFile

Make = Callable[..., str]


def age(store: Store, name: str, seconds: int) -> None:
    path = store.manifests.path(parse_name(name))
    os.utime(path, (seconds, seconds))


def test_a_list_has_the_newest_first(store: Store, make: Make) -> None:
    for name, seconds in (("a", 100), ("b", 300), ("c", 200)):
        make(name)
        age(store, name, seconds)
    assert [entry.name for entry in store.tags().models] == ["b:latest", "c:latest", "a:latest"]
    assert store.tags().models[0].modified_at == 300 * 10**9


def test_an_entry_of_the_list_has_what_the_files_say(store: Store, make: Make) -> None:
    make("ns/m:t", {"llama.context_length": 512, "llama.embedding_length": 8}, system="abc")
    (entry,) = store.tags().models
    model = store.find(parse_name("ns/m:t"))
    assert (entry.name, entry.model) == ("ns/m:t", "ns/m:t")
    sizes = [layer.size for layer in (*model.manifest.layers, model.manifest.config)]
    assert entry.size == sum(sizes)
    assert entry.digest == model.digest
    assert entry.details.family == "llama"
    assert entry.details.parameter_size == "32"
    assert entry.details.context_length == 512
    assert entry.details.embedding_length == 8
    assert entry.capabilities == ["completion"]


def test_models_whose_config_cannot_be_read_are_left_out(store: Store, make: Make) -> None:
    make("good")
    make("bad", info={"base_name": "bad"})
    config = store.find(parse_name("bad")).manifest.config.digest
    store.blob_path(config).write_bytes(b"{")
    assert [entry.name for entry in store.tags().models] == ["good:latest"]


def test_a_model_without_its_weights_is_listed_and_not_shown(store: Store, make: Make) -> None:
    digest = make("m")
    store.blobs.delete(digest)
    (entry,) = store.tags().models
    assert entry.details.parameter_size == "32"
    model = store.find(parse_name("m"))
    assert model.capabilities() == []
    with pytest.raises(NotFound, match=r"^model 'm:latest' not found$"):
        store.show(model)


def test_a_model_with_damaged_weights_says_what_is_wrong(store: Store, make: Make) -> None:
    digest = make("m")
    store.blob_path(digest).write_bytes(b"GGUF")
    other = Store(store.root)  # nothing remembered
    model = other.find(parse_name("m"))
    assert [entry.name for entry in other.tags().models] == ["m:latest"]
    with pytest.raises(FormatError):
        model.capabilities()
    with pytest.raises(FormatError):
        other.show(model)


def test_deleting_keeps_what_another_model_uses(store: Store, make: Make) -> None:
    shared = make("a", system="only a")
    make("b")
    system = store.find(parse_name("a")).manifest.layers[1].digest
    store.delete(parse_name("A"))
    assert store.has_blob(shared)
    assert not store.has_blob(system)
    store.delete(parse_name("b"))
    assert list((store.root / "blobs").iterdir()) == []


def test_deleting_is_no_matter_of_missing_or_odd_blobs(store: Store, make: Make) -> None:
    store.blobs.delete(make("m"))
    store.delete(parse_name("m"))
    path = store.manifests.path(parse_name("odd"))
    path.parent.mkdir(parents=True)
    odd = {"digest": "sha256:../../../escape", "size": 1, "mediaType": media_type("model")}
    path.write_text(json.dumps({"config": {}, "layers": [odd]}))
    escape = store.root.parent / "escape"
    escape.write_bytes(b"")
    assert store.find(parse_name("odd")).model_path is None
    store.tags()
    store.delete(parse_name("odd"))
    assert escape.exists()


def test_old_and_unknown_layers_are_understood_or_passed_over(store: Store, make: Make) -> None:
    make("m", parameters={"seed": 1, "top_k": 2})
    manifest = json.loads(store.manifests.path(parse_name("m")).read_bytes())
    prefix = "application/vnd.ollama.image."
    for kind, data in {"prompt": b"{{ .P }}", "params": b'{"seed": 9}', "embed": b"?"}.items():
        digest, size, _ = store.add_blob([data])
        manifest["layers"].append({"mediaType": prefix + kind, "digest": digest, "size": size})
    store.manifests.write(parse_name("m"), json.dumps(manifest).encode())
    model = store.find(parse_name("m"))
    assert model.template == "{{ .P }}"
    assert model.parameters == {"seed": 9, "top_k": 2}


@pytest.mark.parametrize("data", [b"[1]", b"{", b"nonsense", b"[" * 100_000])
def test_broken_parameters_are_an_error_and_no_crash(store: Store, make: Make, data: bytes) -> None:
    make("m", parameters={"seed": 1})
    layer = store.find(parse_name("m")).manifest.layers[-1]
    store.blob_path(layer.digest).write_bytes(data)
    with pytest.raises(FormatError):
        _ = store.find(parse_name("m")).parameters


def test_a_gguf_is_opened_once_per_digest(
    store: Store, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    make("a")
    make("b")
    fresh = Store(store.root)
    opened: list[Path] = []
    real = facts.read_facts

    def counted(file: GGUFFile) -> facts.GGUFFacts:
        opened.append(Path(file.path))
        return real(file)

    monkeypatch.setattr(facts, "read_facts", counted)
    fresh.tags()
    fresh.tags()
    assert len(opened) == 1


def test_two_stores_on_one_folder_see_each_other(store: Store, make: Make) -> None:
    other = Store(store.root)
    make("m")
    assert other.find(parse_name("m")).name.short == "m:latest"
    other.delete(parse_name("m"))
    assert list(store.list()) == []


def test_the_lock_keeps_two_holders_apart(store: Store) -> None:
    order: list[str] = []
    second = StoreLock(store.root)

    def enter() -> None:
        with second.held():
            order.append("second")

    with store.lock.held():
        thread = threading.Thread(target=enter)
        thread.start()
        thread.join(0.05)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]


@pytest.fixture
def packaged(tmp_path: Path, gguf: Callable[..., bytes], monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stand-in for the model in the package."""
    folder = tmp_path / "package"
    folder.mkdir()
    (folder / "tiny.gguf").write_bytes(gguf())
    monkeypatch.setattr(tiny, "files", lambda _: folder)
    return folder / "tiny.gguf"


def statuses(store: Store, **_: Any) -> list[str]:
    return [line.status for line in store.pull_tiny()]


def test_pulling_tiny_installs_it_with_the_lines_of_a_pull(store: Store, packaged: Path) -> None:
    lines = list(store.pull_tiny())
    digest = lines[1].digest
    assert store.blob_path(digest).read_bytes() == packaged.read_bytes()
    assert lines[1].total == lines[1].completed == packaged.stat().st_size
    assert [line.status for line in lines] == [
        "pulling manifest",
        f"pulling {digest[7:19]}",
        "verifying sha256 digest",
        "writing manifest",
        "success",
    ]
    assert store.find(parse_name("tiny")).capabilities() == ["completion"]


def test_a_model_called_tiny_that_is_there_already_wins(
    store: Store, make: Make, packaged: Path
) -> None:
    make("Tiny", {"general.name": "mine"}, system="mine")
    before = store.find(parse_name("tiny")).digest
    store.install_tiny()
    assert store.find(parse_name("tiny")).digest == before
    assert statuses(store)[-1] == "success"


def test_a_package_without_its_model_says_so(store: Store, packaged: Path) -> None:
    packaged.unlink()
    with pytest.raises(StoreError, match="without its model"):
        store.install_tiny()


def test_the_package_is_asked_for_its_own_file() -> None:
    assert resources.files("pyollama.tiny").is_dir()


def test_reading_changes_no_file(store: Store, make: Make) -> None:
    make("m", {"tokenizer.chat_template": "{{ x }}"}, system="s", license="L")

    def state() -> dict[str, tuple[bytes, int]]:
        files = [path for path in store.root.rglob("*") if path.is_file()]
        return {str(path): (path.read_bytes(), path.stat().st_mtime_ns) for path in files}

    before = state()
    fresh = Store(store.root)
    fresh.tags()
    model = fresh.find(parse_name("M"))
    fresh.show(model, verbose=True)
    assert model.capabilities() == ["completion"]
    assert state() == before
