"""Manifests: ``<root>/manifests/<host>/<namespace>/<model>/<tag>``, one JSON file per model.

They are written under a temporary name directly in ``manifests``, where nobody looks for one, and
renamed when they are whole. Files whose path is no valid name, and links that lead out of the
store or in a circle, are treated as absent.
"""

import contextlib
import hashlib
import logging
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from pyollama.errors import NotFound
from pyollama.store.blobs import is_digest
from pyollama.store.errors import StoreError, refusals
from pyollama.store.folders import RACES, fsync_folder, is_inside, make_folder
from pyollama.store.names import Name, is_valid_part
from pyollama_formats.errors import FormatError
from pyollama_formats.manifest import Layer, Manifest

__all__ = ["TEMPORARY", "Manifests", "Stamp", "StoredManifest", "digests_of", "layers_of"]

MAX_MANIFEST = 16 << 20  # bytes; real ones have a few thousand
MAX_VALUES = 500_000  # JSON values in one, told by its commas: each takes a hundred bytes of memory
TEMPORARY = ".tmp-"  # what the names of temporary files begin with

logger = logging.getLogger(__name__)


class Stamp(NamedTuple):
    """What tells a file from the one that was there before; times in nanoseconds."""

    inode: int
    size: int
    modified: int
    changed: int

    @classmethod
    def of(cls, facts: os.stat_result) -> "Stamp":
        """The stamp of a file."""
        return cls(facts.st_ino, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns)


@dataclass(frozen=True)
class StoredManifest:
    """A manifest as it lies on the disk: digest is the hex SHA-256 of its bytes."""

    manifest: Manifest
    digest: str
    stamp: Stamp
    data: bytes


def layers_of(manifest: Manifest) -> list[Layer]:
    """The layers and then the config, those without a digest left out."""
    return [layer for layer in (*manifest.layers, manifest.config) if layer.digest]


def digests_of(stored: StoredManifest) -> set[str]:
    """The blobs that a manifest names, as ``sha256:<hex>``; digests that are none are left out."""
    digests = {layer.digest for layer in layers_of(stored.manifest)}
    return {digest.replace("-", ":") for digest in digests if is_digest(digest)}


class Manifests:
    """The folder of manifests of one store."""

    def __init__(self, root: Path) -> None:
        self.folder = root / "manifests"

    def path(self, name: Name) -> Path:
        """Where the manifest of a name lies or would lie."""
        return self.folder.joinpath(*name.parts)

    def names(self, namespace: str = "", model: str = "") -> Iterator[Name]:
        """Every name that has a manifest file, readable or not, in no particular order.

        namespace, model: only those, in any case
        """
        for host in _entries(self.folder, "host", self.folder):
            for space in _like(namespace, _entries(self.folder / host, "namespace", self.folder)):
                folder = self.folder / host / space
                for found in _like(model, _entries(folder, "model", self.folder)):
                    for tag in _entries(folder / found, "tag", self.folder, files=True):
                        yield Name(host, space, found, tag)

    def spelled(self, name: Name) -> Name:
        """The name with each part in the spelling of an equal part of any stored name.

        Parts are compared without regard to case, one by one, so that no two stored names ever
        differ in case alone. The name itself, the same object, if it is stored.
        """
        if self.has(name):
            return name
        found = list(name.parts)
        for stored in self.names():
            for place, (part, wanted) in enumerate(zip(stored.parts, name.parts, strict=True)):
                if part.lower() == wanted.lower():
                    found[place] = part
        return Name(*found)

    def has(self, name: Name) -> bool:
        """Whether there is a manifest file of exactly this spelling inside the store."""
        path = self.path(name)
        return path.is_file() and self._is_inside(path)

    def find(self, name: Name) -> tuple[Name, StoredManifest]:
        """The manifest of a name, whatever its case, and how it is spelled; raises as `read`."""
        spelled = self.spelled(name)
        if spelled is not name and not self.has(spelled):
            raise NotFound(f"model '{name.short}' not found")
        return spelled, self._read(spelled)

    def stamp(self, name: Name) -> Stamp | None:
        """The stamp of a manifest of exactly this spelling; None if there is none."""
        try:
            return Stamp.of(self.path(name).stat())
        except OSError:
            return None

    def read(self, name: Name) -> StoredManifest:
        """The manifest of a name; NotFound, or FormatError for one that cannot be decoded."""
        if not self.has(name):
            raise NotFound(f"model '{name.short}' not found")
        return self._read(name)

    def read_bytes(self, name: Name) -> bytes:
        """The bytes of a manifest, whatever they are; NotFound, or StoreError for too many."""
        if not self.has(name):
            raise NotFound(f"model '{name.short}' not found")
        return self._bytes(name)[0]

    def _bytes(self, name: Name) -> tuple[bytes, Stamp]:
        """The bytes of a manifest, and its stamp."""
        path = self.path(name)
        try:
            with path.open("rb") as file:
                facts = os.fstat(file.fileno())
                data = file.read(min(facts.st_size, MAX_MANIFEST) + 1)
        except FileNotFoundError:  # deleted a moment ago
            raise NotFound(f"model '{name.short}' not found") from None
        except OSError as error:
            raise StoreError(f"open {path}: {(error.strerror or '').lower()}") from error
        if len(data) > MAX_MANIFEST:
            raise StoreError(f"manifest {path} is larger than {MAX_MANIFEST} bytes")
        return data, Stamp.of(facts)

    def _read(self, name: Name) -> StoredManifest:
        """The manifest of a name that is known to lie in the store."""
        data, stamp = self._bytes(name)
        if data.count(b",") > MAX_VALUES:
            raise StoreError(f"manifest {self.path(name)} has more than {MAX_VALUES} values")
        digest = hashlib.sha256(data).hexdigest()
        return StoredManifest(Manifest.decode(data), digest, stamp, data)

    def all(self) -> Iterator[tuple[Name, StoredManifest]]:
        """Every readable manifest; a corrupt one is skipped with a line in the log."""
        for name in self.names():
            try:
                yield name, self._read(name)
            except (FormatError, StoreError, NotFound) as error:
                logger.warning("skipping the manifest of %s: %s", name.full, error)

    def write(self, name: Name, data: bytes) -> None:
        """Store the bytes of a manifest, whole or not at all."""
        path = self.path(name)
        make_folder(self.folder)
        temporary = self.folder / f"{TEMPORARY}{secrets.token_hex(8)}"
        try:
            with refusals("write", path):
                with temporary.open("xb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                temporary.chmod(0o644)
                self._rename(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
        fsync_folder(path.parent)

    def _rename(self, temporary: Path, path: Path) -> None:
        """Rename into a folder that a deletion elsewhere may remove at any moment."""
        for attempt in range(RACES):
            make_folder(path.parent)
            if not self._is_inside(path):
                raise StoreError(f"{path} leads out of the store")
            try:
                temporary.replace(path)
            except FileNotFoundError:
                if attempt == RACES - 1:
                    raise
            else:
                return

    def delete(self, name: Name) -> None:
        """Remove a manifest, and the folders that it leaves empty."""
        path = self.path(name)
        if not self._is_inside(path):
            raise NotFound(f"model '{name.short}' not found")
        with refusals("remove", path):
            path.unlink(missing_ok=True)
        for folder in path.parents[:3]:
            with contextlib.suppress(OSError):  # not empty, or gone
                folder.rmdir()

    def referenced(self) -> set[str]:
        """The digests that any manifest names; one that is no manifest at all names none.

        StoreError for one that is not read, because of its size or of permissions: nobody knows
        what it names.
        """
        found: set[str] = set()
        for name in self.names():
            with contextlib.suppress(FormatError, NotFound):
                found |= digests_of(self._read(name))
        return found

    def _is_inside(self, path: Path) -> bool:
        """Whether the path, all links followed, still lies in the folder of manifests."""
        return is_inside(path, self.folder)


def _like(wanted: str, found: Iterator[str]) -> Iterator[str]:
    """Those that differ from what is wanted in case alone; all if that is nothing."""
    return (text for text in found if not wanted or text.lower() == wanted.lower())


def _entries(folder: Path, kind: str, root: Path, *, files: bool = False) -> Iterator[str]:
    """The names in a folder that can be that part of a model name and do not leave the store."""
    try:
        with os.scandir(folder) as listing:
            entries = sorted(listing, key=lambda entry: entry.name)
    except OSError:
        return
    for entry in entries:
        if not is_valid_part(kind, entry.name):
            continue
        if entry.is_symlink() and not is_inside(Path(entry.path), root):
            continue
        with contextlib.suppress(OSError):  # a circle of links
            if entry.is_file() if files else entry.is_dir():
                yield entry.name
