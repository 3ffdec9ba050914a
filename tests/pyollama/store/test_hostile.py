"""A store that somebody else has filled: circles of links, manifests of any shape, lying layers."""

import json
import os
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pyollama.errors import FormatError, NotFound, PyollamaError
from pyollama.store import Store, parse_name
from pyollama.store.errors import StoreError
from pyollama.store.model import media_type
from pyollama.store.types import CreateRequest

Make = Callable[..., str]

ZERO = "sha256:" + "0" * 64
MB = 1 << 20


def put(store: Store, manifest: Any, name: str = "odd") -> Path:
    """A manifest that the store did not write: bytes, or something to be written as JSON."""
    path = store.manifests.path(parse_name(name))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(manifest if isinstance(manifest, bytes) else json.dumps(manifest).encode())
    return path


def listed(store: Store) -> list[str]:
    return sorted(entry.name for entry in store.tags().models)


def use(store: Store, name: str = "odd") -> list[Exception | None]:
    """Do with a model whatever can be done; what is wrong is one of our own errors."""
    parsed = parse_name(name)
    request = CreateRequest(model="from-odd", from_=name)
    tries: list[Callable[[], object]] = [
        lambda: store.show(store.find(parsed), verbose=True),
        lambda: store.find(parsed).capabilities(),
        lambda: list(store.create(request)),
        lambda: store.copy(parsed, parse_name("copied")),
        lambda: store.delete(parse_name("copied")),
        store.tidy,
        lambda: store.delete(parsed),
    ]
    errors: list[Exception | None] = []
    for attempt in tries:
        try:
            attempt()
            errors.append(None)
        except PyollamaError as error:
            errors.append(error)
    return errors


@pytest.mark.parametrize(
    "manifest",
    [
        [],
        "text",
        5,
        None,
        {"layers": "text"},
        {"layers": ["sha256:x", "y"]},
        {"layers": [[]]},
        {"layers": {"a": 1}},
        {"layers": [{"digest": 5}]},
        {"layers": [{"size": "5"}]},
        {"layers": [{"size": 1e400}]},
        {"config": [], "layers": []},
        {"config": {"digest": ["a"]}},
        {"layers": [{"digest": ZERO, "size": -(2**70)}]},
        b"\x00" * 100,
        b"\xff\xfe{\x00}\x00",
        b'{"layers":' + b"[" * 100_000,
        b'{"schemaVersion":' + b"9" * 10_000 + b"}",
        b'{"layers":[' + b'{"digest":"' + b"a" * MB + b'"}]}',
    ],
)
def test_a_manifest_of_any_shape_is_a_clear_error_or_a_strange_model(
    store: Store, make: Make, manifest: Any
) -> None:
    make("good")
    put(store, manifest)
    assert set(listed(store)) <= {"good:latest", "odd:latest"}
    assert "good:latest" in listed(store)
    use(store)
    assert "good:latest" in listed(store)
    assert store.find(parse_name("good")).facts is not None


@pytest.mark.parametrize(
    "digest",
    [
        *("", "sha256:", "sha256:../../../escape", "../escape", "/etc/passwd", "sha256:\0"),
        *("sha256:" + "0" * 63, "sha256:" + "0" * 65, "sha512:" + "0" * 64, "SHA256:" + "0" * 64),
        *("sha256:" + "A" * 64, "sha256-" + "0" * 64, "sha256:" + "0" * 64 + "/.."),
    ],
)
@pytest.mark.parametrize("kind", ["model", "params", "template", "projector", "config"])
def test_a_digest_of_any_form_reads_and_deletes_nothing_outside(
    store: Store, make: Make, digest: str, kind: str
) -> None:
    make("good")
    escape = store.root.parent / "escape"
    escape.write_bytes(b"secret")
    layer = {"mediaType": media_type(kind), "digest": digest, "size": 6}
    manifest = {"config": layer, "layers": []} if kind == "config" else {"layers": [layer]}
    put(store, manifest)
    before = {path.name for path in (store.root / "blobs").iterdir()}
    listed(store)
    for error in use(store):
        assert error is None or "secret" not in str(error)
    assert escape.read_bytes() == b"secret"
    assert {path.name for path in (store.root / "blobs").iterdir()} >= before
    assert "good:latest" in listed(store)


def test_a_layer_may_lie_about_its_size(store: Store, make: Make) -> None:
    make("m")
    path = store.manifests.path(parse_name("m"))
    manifest = json.loads(path.read_bytes())
    manifest["layers"][0]["size"] = 10**15
    path.write_text(json.dumps(manifest))
    assert store.tags().models[0].size > 10**15
    assert store.find(parse_name("m")).facts is not None
    store.show(store.find(parse_name("m")))


def test_a_million_layers_are_not_read(store: Store, make: Make) -> None:
    make("good")
    put(store, b'{"layers":[' + b"{}," * 1_000_000 + b"{}]}")
    tracemalloc.start()
    assert listed(store) == ["good:latest"]
    with pytest.raises(StoreError, match="has more than 500000 values"):
        store.find(parse_name("odd"))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10 * MB


def test_a_long_manifest_is_not_read(store: Store, make: Make) -> None:
    make("good")
    with put(store, b'{"layers":[]}').open("r+b") as file:
        file.truncate(100 * MB)
    tracemalloc.start()
    assert listed(store) == ["good:latest"]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20 * MB


def test_one_long_text_many_times_is_not_read_many_times(store: Store) -> None:
    digest, size, _ = store.add_blob([bytes(20 * MB)])
    layer = {"mediaType": media_type("license"), "digest": digest, "size": size}
    put(store, {"layers": [layer] * 1000})
    tracemalloc.start()
    with pytest.raises(StoreError, match="is larger than"):
        _ = store.find(parse_name("odd")).license
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100 * MB


def test_what_an_unread_manifest_may_name_is_not_deleted(store: Store, make: Make) -> None:
    weights = make("m")
    put(store, b'{"layers":[' + b"{}," * 1_000_000 + b"{}]}")
    store.delete(parse_name("m"))
    assert listed(store) == []
    assert store.has_blob(weights)


def test_links_in_a_circle_are_no_models_and_no_blobs(store: Store, make: Make) -> None:
    make("good")
    library = store.root / "manifests/registry.ollama.ai/library"
    (library / "loop").symlink_to("loop")
    (library / "one").mkdir()
    (library / "one/latest").symlink_to(library / "one/other")
    (library / "one/other").symlink_to(library / "one/latest")
    (library / "parent").symlink_to("..")
    store.blob_path(ZERO).symlink_to(store.blob_path(ZERO))
    assert listed(store) == ["good:latest"]
    assert not store.has_blob(ZERO)
    for name in ("loop", "one", "one:other"):
        with pytest.raises(NotFound):
            store.find(parse_name(name))
        with pytest.raises(NotFound):
            store.delete(parse_name(name))
    with pytest.raises(StoreError):
        store.copy(parse_name("good"), parse_name("loop"))
    store.copy(parse_name("good"), parse_name("one"))  # takes the place of the link
    assert listed(store) == ["good:latest", "one:latest", "one:other"]  # a link to it
    put(store, {"layers": [{"mediaType": media_type("model"), "digest": ZERO, "size": 1}]})
    use(store)
    assert "good:latest" in listed(store)


def test_a_blob_that_is_a_link_out_of_the_store_is_missing(
    store: Store, make: Make, tmp_path: Path
) -> None:
    weights = make("m", system="s")
    outside = tmp_path / "outside"
    store.blob_path(weights).replace(outside)
    store.blob_path(weights).symlink_to(outside)
    model = store.find(parse_name("m"))
    assert not model.has_weights
    with pytest.raises(NotFound):
        store.show(model)
    store.delete(parse_name("m"))
    assert outside.exists()
    assert not store.blob_path(weights).is_symlink()


def test_a_pipe_is_neither_a_manifest_nor_a_blob(store: Store, make: Make) -> None:
    make("good")
    path = store.manifests.path(parse_name("pipe"))
    path.parent.mkdir(parents=True)
    os.mkfifo(path)
    os.mkfifo(store.blob_path(ZERO))
    assert listed(store) == ["good:latest"]
    assert not store.has_blob(ZERO)
    with pytest.raises(NotFound):
        store.find(parse_name("pipe"))


def test_a_config_with_an_odd_digest_is_damage_and_no_bad_request(store: Store) -> None:
    put(store, {"config": {"digest": "sha256:../x", "size": 1}, "layers": []})
    with pytest.raises(FormatError, match="invalid digest"):
        _ = store.find(parse_name("odd")).config
    assert listed(store) == []
