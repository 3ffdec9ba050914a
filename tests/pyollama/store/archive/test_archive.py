"""Models go out as one file and come in from one: all of them or nothing."""

import hashlib
import io
import json
import os
import tarfile
import tracemalloc
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from offered import CONFIG, WEIGHTS, digest_of, offer

from pyollama.errors import FormatError, NotFound
from pyollama.store import Name, Store, parse_name
from pyollama.store.archive import exporting, importing
from pyollama.store.archive.importing import Import
from pyollama.store.errors import StoreError
from pyollama_formats import tar
from pyollama_formats.oci import blob_name

Files = list[tuple[str, bytes]]
INDEX, LAYOUT = "index.json", "oci-layout"


@pytest.fixture
def other(tmp_path: Path) -> Store:
    return Store(tmp_path / "other")


def exported(store: Store, name: str = "m") -> bytes:
    out = io.BytesIO()
    for _ in exporting.export(store, parse_name(name), out):
        continue
    return out.getvalue()


def imported(store: Store, data: bytes, name: str | None = None) -> Name:
    with Import(store, parse_name(name) if name else None) as new:
        for _ in new.read(io.BytesIO(data)):
            assert not list(store.manifests.names())
        return new.finish()


def files_of(data: bytes) -> Files:
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        return [(info.name, archive.extractfile(info).read()) for info in archive]  # type: ignore[union-attr]


def packed(files: Iterable[tuple[str, bytes]]) -> bytes:
    parts = [tar.header(name, len(data)) + data + tar.padding(len(data)) for name, data in files]
    return b"".join(parts) + tar.END


def left_in(store: Store) -> list[str]:
    """Every file of a store but its lock."""
    paths = (path for path in store.root.rglob("*") if path.is_file())
    return sorted(path.name for path in paths if path.name != ".pyollama-lock")


def test_a_model_comes_out_as_it_went_in(store: Store, other: Store) -> None:
    data = offer(store, "m", WEIGHTS, b"system")
    name = imported(other, exported(store))
    assert name == parse_name("m")
    assert other.manifests.read_bytes(name) == data
    assert other.find(name).digest == store.find(name).digest
    for blob in (CONFIG, WEIGHTS, b"system"):
        assert other.blob_path(digest_of(blob)).read_bytes() == blob
    assert len(left_in(other)) == 4
    assert not list(other.blobs.unclaimed.names())


def test_the_name_of_another_registry_is_kept_and_can_be_replaced(
    store: Store, other: Store
) -> None:
    offer(store, "hf.co/u/repo:Q4", WEIGHTS)
    data = exported(store, "hf.co/U/repo:q4")
    assert imported(other, data, "mine:8b") == parse_name("mine:8b")
    with Import(other) as new:
        assert len(list(new.read(io.BytesIO(data)))) == 3
        assert new.finish().full == "hf.co/u/repo:Q4"


def test_an_archive_is_an_oci_image_layout(store: Store) -> None:
    data = offer(store, "m", WEIGHTS, WEIGHTS, b"system", mediaType="application/x+json")
    files = files_of(exported(store))
    found = dict(files)
    assert len(found) == len(files) == 6
    assert json.loads(found["oci-layout"]) == {"imageLayoutVersion": "1.0.0"}
    (manifest,) = json.loads(found["index.json"])["manifests"]
    assert manifest == {
        "mediaType": "application/x+json",
        "digest": digest_of(data),
        "size": len(data),
        "annotations": {"org.opencontainers.image.ref.name": "registry.ollama.ai/library/m:latest"},
    }
    blobs = {name: content for name, content in files if name.startswith("blobs/")}
    for name, content in blobs.items():
        assert name == f"blobs/sha256/{hashlib.sha256(content).hexdigest()}"
    assert set(blobs.values()) == {data, CONFIG, WEIGHTS, b"system"}


def test_the_same_model_gives_the_same_bytes(store: Store, other: Store) -> None:
    offer(store, "m", WEIGHTS, b"system")
    data = exported(store)
    imported(other, data)
    os.utime(other.manifests.path(parse_name("m")), (1, 1))
    assert exported(other) == data


def test_progress_is_told_of_each_blob(
    store: Store, other: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "PIECE", 300_000)
    offer(store, "m", WEIGHTS)
    out = io.BytesIO()
    lines = list(exporting.export(store, parse_name("m"), out))
    ours = [line for line in lines if line.digest == digest_of(WEIGHTS)]
    assert {line.status for line in ours} == {f"exporting {digest_of(WEIGHTS)[7:19]}"}
    assert [line.completed for line in ours] == [300_000, 600_000, 900_000, len(WEIGHTS)]
    with Import(other) as new:
        lines = list(new.read(io.BytesIO(out.getvalue())))
    last = {line.digest: (line.completed, line.total) for line in lines}
    assert last[digest_of(WEIGHTS)] == (len(WEIGHTS), len(WEIGHTS))


def test_a_model_that_is_not_there(store: Store) -> None:
    with pytest.raises(NotFound, match="model 'none:latest' not found"):
        exported(store, "none")


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda path: path.unlink(), "no such file"),
        (lambda path: path.write_bytes(WEIGHTS[:-1]), "has 1023999 bytes, and not 1024000"),
        (lambda path: path.write_bytes(WEIGHTS[::-1]), "digest mismatch in"),
    ],
)
def test_a_damaged_model_is_not_exported(
    store: Store, damage: Callable[[Path], Any], words: str
) -> None:
    offer(store, "m", WEIGHTS)
    damage(store.blob_path(digest_of(WEIGHTS)))
    with pytest.raises(StoreError, match=words):
        exported(store)


def test_archives_in_any_order_and_by_other_programs_are_read(store: Store, other: Store) -> None:
    offer(store, "m", WEIGHTS, b"system")
    files = sorted(files_of(exported(store)))
    assert files[0][0].startswith("blobs/")
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for folder in (".", "./blobs", "./blobs/sha256"):
            info = tarfile.TarInfo(folder)
            info.type = tarfile.DIRTYPE
            archive.addfile(info)
        for name, data in files:
            info = tarfile.TarInfo(f"./{name}")
            info.size, info.mtime = len(data), 1.25
            archive.addfile(info, io.BytesIO(data))
    assert imported(other, buffer.getvalue()) == parse_name("m")


def test_blobs_that_are_there_already_are_not_written_again(store: Store, other: Store) -> None:
    offer(store, "m", WEIGHTS)
    data = exported(store)
    other.add_blob([WEIGHTS])
    path = other.blob_path(digest_of(WEIGHTS))
    before = path.stat().st_ino
    imported(other, data)
    assert path.stat().st_ino == before
    assert not list(other.blobs.unclaimed.names())


def test_a_model_of_the_same_name_is_replaced_and_its_blobs_go(store: Store, other: Store) -> None:
    offer(store, "m", WEIGHTS)
    offer(other, "m", b"old weights")
    with Import(other) as new:
        list(new.read(io.BytesIO(exported(store))))
        assert other.find(parse_name("m")).digest != store.find(parse_name("m")).digest
        new.finish()
    assert other.find(parse_name("m")).digest == store.find(parse_name("m")).digest
    assert not other.has_blob(digest_of(b"old weights"))


# Archives that mean harm


class Good(NamedTuple):
    """The files of a good archive, to be changed."""

    files: Files
    manifest: str  # the name of its blob

    def named(self, name: str) -> bytes:
        return dict(self.files)[name]

    def replaced(self, name: str, data: bytes) -> Files:
        return [(found, data if found == name else old) for found, old in self.files]

    def without(self, name: str) -> Files:
        return [pair for pair in self.files if pair[0] != name]

    def with_manifest(self, change: Callable[[dict[str, Any]], Any]) -> Files:
        """With another manifest, which the index names with its true digest."""
        manifest = json.loads(self.named(self.manifest))
        change(manifest)
        return self.with_manifest_data(json.dumps(manifest).encode())

    def with_manifest_data(self, data: bytes) -> Files:
        def point(index: dict[str, Any]) -> None:
            index["manifests"][0]["digest"] = digest_of(data)

        files = self.with_index(point)
        name = blob_name(digest_of(data))
        return [(name, data) if pair[0] == self.manifest else pair for pair in files]

    def with_index(self, change: Callable[[dict[str, Any]], Any]) -> Files:
        index = json.loads(self.named(INDEX))
        change(index)
        return self.replaced(INDEX, json.dumps(index).encode())


@pytest.fixture
def good(tmp_path: Path) -> Good:
    store = Store(tmp_path / "good")
    data = offer(store, "m", WEIGHTS, b"system")
    return Good(files_of(exported(store)), blob_name(digest_of(data)))


WEIGHTS_NAME = blob_name(digest_of(WEIGHTS))
EXTRA = (blob_name(digest_of(b"extra")), b"extra")


def odd(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> bytes:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info.tobuf(tarfile.GNU_FORMAT)


HOSTILE: dict[str, tuple[Callable[[Good], bytes], str]] = {
    "no tar": (lambda good: b"GGUF" * 1000, "no tar archive"),
    "nothing": (lambda good: b"", "no oci-layout, and so is none of a model"),
    "other files": (lambda good: packed([("a.gguf", b"x")]), "'a.gguf' has no place"),
    "a path upwards": (lambda good: packed([("../../x", b"")]), "has no place"),
    "an absolute path": (lambda good: packed([("/etc/cron.d/x", b"")]), "has no place"),
    "a path through a blob": (
        lambda good: packed([(f"{WEIGHTS_NAME}/../../x", b"")]), "has no place"),
    "a symbolic link": (
        lambda good: odd(WEIGHTS_NAME, tarfile.SYMTYPE, "/etc/passwd"), "neither a file nor"),
    "a hard link": (
        lambda good: odd(WEIGHTS_NAME, tarfile.LNKTYPE, "/etc/passwd"), "neither a file nor"),
    "a device": (lambda good: odd("blobs/x", tarfile.CHRTYPE), "neither a file nor"),
    "a strange folder": (lambda good: odd("blobs/md5/", tarfile.DIRTYPE), "has no place"),
    "a folder in the place of the index": (
        lambda good: odd(INDEX, tarfile.DIRTYPE) + packed(good.without(INDEX)),
        "'index.json' has no place"),
    "the same folder for ever": (lambda good: odd("blobs/", tarfile.DIRTYPE) * 3, "twice"),
    "two of a name": (lambda good: packed([*good.files, good.files[-1]]), "twice"),
    "two of a name, written in two ways": (
        lambda good: packed([*good.files, ("./" + INDEX, b"{}")]), "'./index.json' twice"),
    "other bytes": (lambda good: packed(good.replaced(WEIGHTS_NAME, WEIGHTS[::-1])),
                    "digest mismatch in the archive"),
    "fewer bytes": (lambda good: packed(good.replaced(WEIGHTS_NAME, WEIGHTS[:-1])),
                    "has 1023999 bytes, and not 1024000"),
    "an end in the middle": (lambda good: packed(good.files)[:-800_000], "ends in the middle"),
    "a missing layer": (lambda good: packed(good.without(WEIGHTS_NAME)), "has no sha256:"),
    "a missing manifest": (lambda good: packed(good.without(good.manifest)), "has no manifest"),
    "a missing index": (lambda good: packed(good.without(INDEX)), "has no index.json"),
    "a missing version": (lambda good: packed(good.without(LAYOUT)), "has no oci-layout"),
    "another version": (
        lambda good: packed(good.replaced(LAYOUT, b'{"imageLayoutVersion":"2.0"}')),
        "version '2.0' of its layout"),
    "a blob too much": (lambda good: packed([*good.files, EXTRA]), "is not in the manifest"),
    "a blob too much, first": (
        lambda good: packed([EXTRA, *good.files]), "is not in the manifest"),
    "an index without end": (
        lambda good: packed([(INDEX, b" " * 2_000_000)]), "has 2000000 bytes, more than"),
    "an index that is none": (lambda good: packed(good.replaced(INDEX, b"[]")), "invalid index"),
    "two models": (
        lambda good: packed(good.with_index(lambda i: i["manifests"].append({}))), "2 models"),
    "no model": (
        lambda good: packed(good.with_index(lambda i: i["manifests"].clear())), "0 models"),
    "no name": (
        lambda good: packed(good.with_index(lambda i: i["manifests"][0].pop("annotations"))),
        "names no model, but ''"),
    "a bad name": (
        lambda good: packed(good.with_index(lambda i: i["manifests"][0].update(
            annotations={"org.opencontainers.image.ref.name": "../../x"}))), "names no model"),
    "a manifest that is none": (
        lambda good: packed(good.with_manifest_data(b"{")), "invalid JSON"),
    "a manifest of a million values": (
        lambda good: packed(good.with_manifest_data(b"[" + b"0," * 600_000 + b"0]")),
        "more than 500000 values"),
    "a manifest of too many layers": (
        lambda good: packed(good.with_manifest(lambda m: m.update(layers=[{}] * 1001))),
        "has 1001 layers"),
    "a layer that is no digest": (
        lambda good: packed(good.with_manifest(
            lambda m: m["layers"][0].update(digest="../../../etc/passwd"))), "invalid digest"),
    "a size that lies": (
        lambda good: packed(good.with_manifest(lambda m: m["layers"][0].update(size=5))),
        "has 1024000 bytes, and not 5"),
    "a size that lies, told last": (
        lambda good: packed(reversed(good.with_manifest(
            lambda m: m["layers"][0].update(size=5)))), "has 1024000 bytes, and not 5"),
    "two sizes of one layer": (
        lambda good: packed(good.with_manifest(
            lambda m: m["layers"].append({**m["layers"][0], "size": 1}))), "two sizes"),
    "more than the disk has room for": (
        lambda good: packed(good.files[:3])[:-1024] + tar.header(EXTRA[0], 1 << 62),
        "is not in the manifest"),
    "more than the disk has room for, first": (
        lambda good: tar.header(EXTRA[0], 1 << 62), "no space left on device"),
}  # fmt: skip


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_archive_is_refused_and_leaves_nothing(
    good: Good, other: Store, case: str
) -> None:
    build, words = HOSTILE[case]
    with pytest.raises((FormatError, StoreError), match=words):
        imported(other, build(good))
    assert left_in(other) == []


def test_a_hostile_archive_leaves_an_old_model_alone(good: Good, other: Store) -> None:
    offer(other, "m", b"old weights", b"system")
    before = left_in(other)
    with pytest.raises(FormatError), Import(other) as new:
        list(new.read(io.BytesIO(packed(good.replaced(WEIGHTS_NAME, b"x")))))
    assert left_in(other) == before


def test_small_blobs_without_end_are_refused(other: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "MAX_BLOBS", 9)
    blobs = [b"%d" % n for n in range(20)]
    with pytest.raises(FormatError, match="more than 9 blobs"):
        imported(other, packed((blob_name(digest_of(blob)), blob) for blob in blobs))
    assert left_in(other) == []


def test_a_manifest_that_cannot_be_written_leaves_no_blobs(
    good: Good, other: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, _, _ = other.add_blob([b"system"])

    def full(*_: object) -> None:
        raise StoreError("no space left on device")

    monkeypatch.setattr(other.manifests, "write", full)
    with pytest.raises(StoreError, match="no space left"):
        imported(other, packed(good.files))
    assert {name for name in left_in(other) if name.startswith("sha256-")} == {
        kept.replace(":", "-")
    }


def test_an_import_that_is_interrupted_leaves_nothing(good: Good, other: Store) -> None:
    with pytest.raises(KeyboardInterrupt), Import(other) as new:
        for line in new.read(io.BytesIO(packed(good.files))):
            if line.digest == digest_of(WEIGHTS):
                raise KeyboardInterrupt
    assert left_in(other) == []


def test_the_temporary_files_of_a_long_import_stay_young(
    good: Good, other: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "AWAKE", 0)
    with Import(other) as new:
        for line in new.read(io.BytesIO(packed(good.files))):
            for path in (other.root / "blobs").iterdir():
                if line.digest != digest_of(CONFIG):  # which comes last
                    os.utime(path, (1, 1))
        assert all(path.stat().st_mtime > 1 for path in (other.root / "blobs").iterdir())
        new.finish()


def test_memory_stays_small_for_large_blobs(store: Store, other: Store, tmp_path: Path) -> None:
    offer(store, "m", bytes(40_000_000))
    path = tmp_path / "m.tar"
    tracemalloc.start()
    try:
        with path.open("wb") as out:
            for _ in exporting.export(store, parse_name("m"), out):
                continue
        with path.open("rb") as file, Import(other) as new:
            for _ in new.read(file):
                continue
            new.finish()
        assert tracemalloc.get_traced_memory()[1] < 8_000_000
    finally:
        tracemalloc.stop()
