"""What a start of the server puts in order: our leavings, old names, what Ollama would prune."""

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pyollama.store import Store, parse_name
from pyollama.store.upkeep import CORRUPT

Make = Callable[..., str]

MINUTE = 60
OURS = "sha256-01234567890123456789"  # a temporary file
THEIRS = "sha256-0123456789"


def age(path: Path, minutes: float) -> Path:
    then = time.time() - minutes * MINUTE
    os.utime(path, (then, then))
    return path


def blob(store: Store, data: bytes, minutes: float, *, foreign: bool = False) -> Path:
    """A blob that nobody uses, ours or from another program."""
    path = store.blob_path(store.add_blob([data])[0])
    if foreign:
        (store.root / ".pyollama-unclaimed" / path.name).unlink()
    return age(path, minutes)


def file(store: Store, place: str, minutes: float) -> Path:
    path = store.root / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"half a fi")
    return age(path, minutes)


@pytest.mark.parametrize(("minutes", "stays"), [(59, True), (61, False)])
def test_what_we_left_stays_for_an_hour(store: Store, minutes: float, stays: bool) -> None:
    paths = [
        blob(store, b"unused", minutes),
        file(store, f"blobs/{OURS}", minutes),
        file(store, "manifests/.tmp-0a1b", minutes),
    ]
    store.tidy()
    assert [path.exists() for path in paths] == [stays] * 3
    notes = list((store.root / ".pyollama-unclaimed").iterdir())
    assert len(notes) == (1 if stays else 0)


def test_what_others_left_stays_unless_pruning_is_asked_for(store: Store, make: Make) -> None:
    used = store.blob_path(make("m"))
    age(used, 90)
    paths = [
        blob(store, b"theirs", 61, foreign=True),
        file(store, f"blobs/{THEIRS}", 61),
        file(store, "blobs/sha256-" + "0" * 64 + "-partial", 61),
        file(store, "blobs/sha256-" + "0" * 64 + "-partial-3", 61),
        file(store, "blobs/notes.txt", 61),
    ]
    young = blob(store, b"young", 59, foreign=True)
    store.tidy()
    assert all(path.exists() for path in paths)
    store.tidy(prune=True)
    assert not any(path.exists() for path in paths)
    assert young.exists()
    assert used.exists()
    assert store.find(parse_name("m")).facts is not None


def test_noprune_leaves_everything(store: Store) -> None:
    keeper = Store(store.root, no_prune=True)
    paths = [blob(store, b"unused", 61), file(store, f"blobs/{OURS}", 61)]
    keeper.tidy(prune=True)
    assert all(path.exists() for path in paths)


@pytest.mark.parametrize(
    ("place", "data"),
    [
        ("registry.ollama.ai/library/bad/latest", b"{"),
        ("registry.ollama.ai/library/m/.DS_Store", b"{}"),
        ("registry.ollama.ai/li.brary/m/latest", b"{}"),
    ],
)
def test_a_manifest_that_cannot_be_read_stops_the_pruning_of_blobs(
    store: Store, make: Make, caplog: pytest.LogCaptureFixture, place: str, data: bytes
) -> None:
    make("m")
    unused, half = blob(store, b"unused", 61), file(store, f"blobs/{OURS}", 61)
    path = store.root / "manifests" / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    store.tidy(prune=True)
    assert unused.exists()
    assert not half.exists()  # which no manifest can name
    assert CORRUPT in caplog.text
    assert [model.name.short for model in store.list()] == ["m:latest"]


def test_a_blob_that_another_program_has_used_since_is_kept(store: Store, make: Make) -> None:
    make("m")
    unused = blob(store, b"text", 61)
    path = store.manifests.path(parse_name("m"))
    manifest = json.loads(path.read_bytes())
    layer = {"mediaType": "x", "digest": f"sha256:{unused.name[7:]}", "size": 4}
    manifest["layers"].append(layer)
    path.write_text(json.dumps(manifest))
    store.tidy()
    assert unused.exists()
    assert list((store.root / ".pyollama-unclaimed").iterdir()) == []


def test_old_names_become_new_ones(store: Store) -> None:
    old = "sha256:" + "a" * 64
    folder = store.root / "blobs"
    (folder / "deep").mkdir(parents=True)
    for place in (old, f"deep/{old}", "sha256:abc", "other:" + "b" * 64):
        (folder / place).write_bytes(place.encode())
    Store(store.root, no_prune=True).tidy()
    new = old.replace(":", "-")
    assert {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()} == {
        *(new, f"deep/{new}", "sha256:abc", "other:" + "b" * 64)
    }
    assert store.has_blob(old)


def test_a_blob_of_the_new_name_is_not_overwritten(store: Store) -> None:
    digest, _, _ = store.add_blob([b"hello"])
    (store.root / "blobs" / digest).write_bytes(b"damaged")
    store.tidy()
    assert store.blob_path(digest).read_bytes() == b"hello"


def test_empty_folders_of_manifests_go(store: Store, make: Make) -> None:
    make("m")
    (store.root / "manifests/example.com/a/b").mkdir(parents=True)
    store.tidy()
    assert [path.name for path in (store.root / "manifests").iterdir()] == ["registry.ollama.ai"]


def test_tidying_an_empty_or_unwritable_store_is_no_error(
    store: Store, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store.tidy(prune=True)
    assert list(store.list()) == []
    (tmp_path / "file").write_bytes(b"")
    Store(tmp_path / "file").tidy()
    assert "could not tidy" in caplog.text


def test_a_link_among_the_blobs_is_left_alone(store: Store, tmp_path: Path) -> None:
    outside = age(file(store, "../outside", 61), 61)
    store.add_blob([b"x"])
    link = store.root / "blobs" / THEIRS
    link.symlink_to(outside)
    os.utime(link, (0, 0), follow_symlinks=False)
    store.tidy(prune=True)
    assert link.is_symlink()
    assert outside.exists()


def test_what_a_download_leaves_goes_when_its_blob_is_whole(store: Store) -> None:
    whole = blob(store, b"whole", 0)
    begun = whole.with_name(f"sha256-{'0' * 64}")
    claims = store.root / ".pyollama-downloads"
    claims.mkdir()
    left: list[Path] = []
    kept: list[Path] = []
    for each, found in ((whole, left), (begun, kept)):
        found += [each.with_name(f"{each.name}{end}") for end in ("-partial", "-partial-12")]
        found.append(claims / each.name)
    young = whole.with_name(f"{whole.name}-partial-1")
    for path in (*left, *kept, young):
        path.touch()
        age(path, 1 if path == young else 61)
    store.tidy()
    assert not any(path.exists() for path in left)
    assert all(path.exists() for path in (*kept, young))
