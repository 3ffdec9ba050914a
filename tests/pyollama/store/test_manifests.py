"""Manifests on the disk: names from paths, case, corruption, links, deletion and races."""

import threading
from pathlib import Path

import pytest

from pyollama.errors import NotFound
from pyollama.store import Store, parse_name
from pyollama.store.errors import StoreError
from pyollama_formats.errors import FormatError

MINIMAL = b'{"schemaVersion":2,"mediaType":"x","config":{},"layers":[]}\n'


def put(store: Store, path: str, data: bytes = MINIMAL) -> Path:
    file = store.root / "manifests" / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)
    return file


def names(store: Store) -> list[str]:
    return sorted(name.full for name in store.manifests.names())


def test_a_name_is_the_path_of_its_manifest(store: Store) -> None:
    name = parse_name("h.io:5/ns/m.x:T")
    store.manifests.write(name, MINIMAL)
    assert (store.root / "manifests/h.io:5/ns/m.x/T").read_bytes() == MINIMAL
    assert names(store) == ["h.io:5/ns/m.x:T"]
    assert store.manifests.read(name).digest.isalnum()


def test_paths_that_are_no_names_are_passed_over(store: Store) -> None:
    put(store, "registry.ollama.ai/library/m/latest")
    put(store, "registry.ollama.ai/library/m/.DS_Store")
    put(store, "registry.ollama.ai/li.brary/m/latest")
    put(store, "registry.ollama.ai/library/m/deep/er")
    put(store, "registry.ollama.ai/stray")
    put(store, ".tmp-1234")
    assert names(store) == ["registry.ollama.ai/library/m:latest"]


def test_a_store_without_a_folder_is_empty(store: Store) -> None:
    assert names(store) == []
    assert list(store.list()) == []


@pytest.mark.parametrize(
    "data", [b"", b"not json", b"[]", b'{"layers":5}', b"\xff\xfe", b"null", b'{"config":"x"}']
)
def test_a_corrupt_manifest_is_skipped_in_lists_and_an_error_by_name(
    store: Store, data: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    put(store, "registry.ollama.ai/library/good/latest")
    put(store, "registry.ollama.ai/library/bad/latest", data)
    assert [model.name.short for model in store.list()] == ["good:latest"]
    assert "bad" in caplog.text
    with pytest.raises(FormatError):
        store.find(parse_name("bad"))
    with pytest.raises(FormatError):
        store.delete(parse_name("bad"))


def test_pretty_printing_extra_keys_and_trailing_bytes_are_read(store: Store) -> None:
    data = b'{\r\n "layers": [],\r\n "extra": {"a": [1]}, "config": {}, "schemaVersion": 2\r\n} x'
    put(store, "registry.ollama.ai/library/m/latest", data)
    assert store.find(parse_name("m")).manifest.layers == []


def test_an_empty_object_is_a_model_of_size_zero(store: Store) -> None:
    put(store, "registry.ollama.ai/library/m/latest", b"{}")
    assert store.find(parse_name("m")).size == 0
    store.tags()


def test_a_huge_manifest_is_not_read(store: Store) -> None:
    with put(store, "registry.ollama.ai/library/m/latest").open("wb") as file:
        file.truncate(1 << 30)
    with pytest.raises(StoreError, match="larger than"):
        store.find(parse_name("m"))
    assert list(store.list()) == []


@pytest.mark.parametrize("asked", ["Foo:V1", "FOO:v1", "foo:V1", "LIBRARY/foo:v1"])
def test_names_are_found_whatever_their_case(store: Store, asked: str) -> None:
    put(store, "registry.ollama.ai/library/Foo/V1")
    assert store.find(parse_name(asked)).name.short == "Foo:V1"


def test_each_part_takes_the_spelling_of_any_stored_name(store: Store) -> None:
    put(store, "registry.ollama.ai/library/y/7B")
    assert store.manifests.spelled(parse_name("x:7b")).short == "x:7B"


def test_a_missing_model_is_named_in_the_short_form(store: Store) -> None:
    with pytest.raises(NotFound, match=r"^model 'x:latest' not found$"):
        store.find(parse_name("x"))
    with pytest.raises(NotFound):
        store.delete(parse_name("x"))


def test_links_that_leave_the_store_are_not_followed(store: Store, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "latest").write_bytes(MINIMAL)
    library = store.root / "manifests/registry.ollama.ai/library"
    library.mkdir(parents=True)
    (library / "folder").symlink_to(outside)
    put(store, "registry.ollama.ai/library/file/other")
    (library / "file/latest").symlink_to(outside / "latest")
    assert names(store) == ["registry.ollama.ai/library/file:other"]
    for name in ("folder", "file"):
        with pytest.raises(NotFound):
            store.find(parse_name(name))
        with pytest.raises(NotFound):
            store.delete(parse_name(name))
    with pytest.raises(StoreError, match="leads out of the store"):
        store.manifests.write(parse_name("folder"), b"{}")
    assert (outside / "latest").read_bytes() == MINIMAL
    assert list((store.root / "manifests").glob(".tmp-*")) == []


def test_links_inside_the_store_are_followed(store: Store) -> None:
    put(store, "registry.ollama.ai/library/a/latest")
    link = store.root / "manifests/registry.ollama.ai/library/b"
    link.symlink_to("a")
    assert store.find(parse_name("b")).name.short == "b:latest"


def test_deleting_removes_the_folders_that_become_empty(store: Store) -> None:
    put(store, "example.com/ns/m/a")
    put(store, "example.com/ns/m/b")
    store.delete(parse_name("example.com/ns/m:a"))
    assert names(store) == ["example.com/ns/m:b"]
    store.delete(parse_name("example.com/ns/m:b"))
    assert list((store.root / "manifests").iterdir()) == []


def test_writing_and_deleting_side_by_side_never_shows_half_a_manifest(store: Store) -> None:
    name = parse_name("race")
    failures: list[BaseException] = []

    def write() -> None:
        try:
            for _ in range(40):
                store.manifests.write(name, MINIMAL)
        except BaseException as error:
            failures.append(error)

    writers = [threading.Thread(target=write) for _ in range(2)]
    for thread in writers:
        thread.start()
    while any(thread.is_alive() for thread in writers):
        for _, stored in store.manifests.all():
            assert stored.manifest.layers == []
        store.manifests.delete(name)
    assert failures == []
