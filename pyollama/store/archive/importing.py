"""An archive into the store: all of it or nothing.

An archive may come from anywhere. Each blob is hashed on its way into a temporary file, as every
blob of the store is, and the temporary files get their names when all of them are there and are
what the manifest says; the manifest comes last. In the archives that are written here the index and
the manifest come first, and so a blob that is too much or has another size is refused before a byte
of it is written. Archives in any other order can be read too.
"""

import hashlib
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from types import TracebackType
from typing import BinaryIO, Self

from pyollama.errors import BadRequest, FormatError
from pyollama.store.blob_writer import BlobWriter
from pyollama.store.blobs import is_digest
from pyollama.store.errors import StoreError, refusals
from pyollama.store.folders import make_folder
from pyollama.store.manifests import MAX_MANIFEST, MAX_VALUES, layers_of
from pyollama.store.names import Name, parse_name
from pyollama.store.store import Store
from pyollama.store.types import ProgressResponse
from pyollama_formats import oci, tar
from pyollama_formats.manifest import Manifest
from pyollama_formats.tar import Member

__all__ = ["Import"]

DOCUMENTS = (oci.LAYOUT, oci.INDEX)
FOLDERS = ("", ".", "blobs", "blobs/sha256")
MAX_DOCUMENT = 1 << 20  # bytes of oci-layout and of index.json, which have some hundred
MAX_BLOBS = 1001  # real models have a dozen layers
AWAKE = 600  # seconds after which temporary files are touched: those of an hour are swept away


class Present:
    """A blob that the store has already: what comes is compared, and not kept."""

    def __init__(self) -> None:
        self.hash = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes) -> None:
        """Take some more bytes."""
        self.hash.update(data)
        self.size += len(data)

    def seal(self) -> str:
        """The digest of what came."""
        return f"sha256:{self.hash.hexdigest()}"


class Import:
    """One archive on its way into a store; leaving the context removes what is not finished.

    name: what the model is to be called, instead of the name that the archive gives it
    """

    def __init__(self, store: Store, name: Name | None = None) -> None:
        self.store = store
        self.given_name = name
        self.documents: dict[str, bytes] = {}
        self.blobs: dict[str, BlobWriter | Present] = {}
        self.manifest: Manifest | None = None
        self.manifest_data = b""
        self.sizes: dict[str, int] = {}  # of the blobs that there should be, once that is known
        self.seen: set[str] = set()
        self.touched = time.monotonic()
        self.stack = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stack.close()

    def read(self, file: BinaryIO) -> Iterator[ProgressResponse]:
        """Read an archive to its end, telling how far each blob is; nothing can be seen of it yet.

        FormatError for an archive that is not what it says; StoreError when the disk is full;
        whatever the file raises.
        """
        for member in tar.members(file):
            name = self._place(member)
            digest = oci.digest_of_name(name)
            if member.is_folder and name in FOLDERS:
                continue
            if member.is_folder or not (digest or name in DOCUMENTS):
                raise FormatError(f"{member.shown} has no place in a model's archive")
            if digest is None:
                self.documents[name] = member.read(MAX_DOCUMENT)
            else:
                yield from self._blob(digest, member)
            self._learn()
        self._require_all()

    def finish(self) -> Name:
        """Let the model be seen; gives its name. Nothing of it stays if that fails: StoreError."""
        assert self.manifest is not None  # or read() would have failed
        name = self.given_name or self._stated_name()
        new: set[str] = set()
        try:
            for blob in [self.blobs[digest] for digest in self.sizes]:
                if isinstance(blob, BlobWriter):
                    digest, is_new = blob.finish()
                    new |= {digest} if is_new else set()
            self.store.install(name, self.manifest, self.manifest_data)
        except BaseException:
            self.store.discard(new)
            raise
        return name

    def _place(self, member: Member) -> str:
        """The name of a member, of which there is only one."""
        name = member.name.removeprefix("./").rstrip("/" if member.is_folder else "")
        if name in self.seen:
            raise FormatError(f"the archive has {member.shown} twice")
        self.seen.add(name)
        return name

    def _blob(self, digest: str, member: Member) -> Iterator[ProgressResponse]:
        """Take a blob, if its bytes are what its name says."""
        self._require_wanted(digest, member)
        blob = self._begun(digest, member.size)
        self.blobs[digest] = blob
        status = f"importing {digest.removeprefix('sha256:')[:12]}"
        for piece in member.pieces():
            blob.write(piece)
            self._stay_awake()
            yield ProgressResponse(
                status=status, digest=digest, total=member.size, completed=blob.size
            )
        if (found := blob.seal()) != digest:
            raise FormatError(f"digest mismatch in the archive: want {digest}, got {found}")

    def _require_wanted(self, digest: str, member: Member) -> None:
        """FormatError for a blob that the manifest, if it is known by now, does not list so."""
        if len(self.blobs) > MAX_BLOBS:
            raise FormatError(f"the archive has more than {MAX_BLOBS} blobs")
        if self.manifest is None:
            return
        if digest not in self.sizes:
            raise FormatError(f"{digest} is not in the manifest")
        if member.size != self.sizes[digest]:
            raise _other_size(digest, member.size, self.sizes[digest])

    def _begun(self, digest: str, size: int) -> BlobWriter | Present:
        """What takes the bytes of a blob; StoreError if the disk has no room for them."""
        blobs = self.store.blobs
        if blobs.has(digest):
            return Present()
        make_folder(blobs.folder)
        with refusals("stat", blobs.folder):
            free = shutil.disk_usage(blobs.folder).free
        if size > free:
            raise StoreError(f"write {blobs.path(digest)}: no space left on device")
        return self.stack.enter_context(BlobWriter(blobs))

    def _stay_awake(self) -> None:
        """Let nobody take the temporary files of a long import for those of a dead process."""
        if time.monotonic() - self.touched < AWAKE:
            return
        self.touched = time.monotonic()
        for blob in self.blobs.values():
            if isinstance(blob, BlobWriter):
                with suppress(OSError):
                    os.utime(blob.temporary)

    def _learn(self) -> None:
        """Read the manifest as soon as it and the index that names it are there."""
        if self.manifest is not None or oci.INDEX not in self.documents:
            return
        descriptor = self._descriptor()
        if descriptor.digest in self.blobs:
            self.manifest_data = self._bytes(descriptor.digest)
            self.manifest = _decoded(self.manifest_data)
            self.sizes = _sizes(self.manifest)
            if self.given_name is None:
                self._stated_name()  # or it would fail when all has been read

    def _descriptor(self) -> oci.Descriptor:
        """The one manifest of the index."""
        manifests = oci.Index.decode(self.documents[oci.INDEX]).manifests
        if len(manifests) != 1:
            raise FormatError(f"the archive has {len(manifests)} models, and not one")
        return manifests[0]

    def _bytes(self, digest: str) -> bytes:
        """The bytes of a blob that has come, and is short."""
        blob = self.blobs[digest]
        if blob.size > MAX_MANIFEST:
            raise FormatError(f"the manifest has {blob.size} bytes, more than {MAX_MANIFEST}")
        if isinstance(blob, Present):
            return self.store.blobs.read(digest, MAX_MANIFEST)
        with refusals("read", blob.temporary):
            return blob.temporary.read_bytes()

    def _require_all(self) -> None:
        """FormatError unless all is there that the manifest lists, and nothing else."""
        for name in DOCUMENTS:
            if name not in self.documents:
                raise FormatError(f"the archive has no {name}, and so is none of a model")
        version = oci.Layout.decode(self.documents[oci.LAYOUT]).version
        if not version.startswith("1."):
            raise FormatError(f"the archive has version {version[:20]!r} of its layout, and not 1")
        manifest = self._descriptor().digest
        if self.manifest is None:
            raise FormatError(f"the archive has no manifest {manifest[:80]!r}")
        for digest, size in self.sizes.items():
            if digest not in self.blobs:
                raise FormatError(f"the archive has no {digest}")
            if self.blobs[digest].size != size:
                raise _other_size(digest, self.blobs[digest].size, size)
        for digest in self.blobs.keys() - self.sizes.keys() - {manifest}:
            raise FormatError(f"{digest} is not in the manifest")

    def _stated_name(self) -> Name:
        """The name that the archive gives the model."""
        stated = self._descriptor().annotations.get(oci.REF_NAME, "")
        try:
            return parse_name(stated)
        except BadRequest:
            raise FormatError(f"the archive names no model, but {stated[:80]!r}") from None


def _decoded(data: bytes) -> Manifest:
    """A manifest whose values are not too many, and neither are its layers."""
    if data.count(b",") > MAX_VALUES:
        raise FormatError(f"the manifest has more than {MAX_VALUES} values")
    manifest = Manifest.decode(data)
    if len(manifest.layers) >= MAX_BLOBS:
        raise FormatError(f"the manifest has {len(manifest.layers)} layers")
    return manifest


def _sizes(manifest: Manifest) -> dict[str, int]:
    """The blobs of a manifest as ``sha256:<hex>``, with their sizes."""
    sizes: dict[str, int] = {}
    for layer in layers_of(manifest):
        digest = layer.digest.replace("-", ":")
        if not is_digest(digest):
            raise FormatError("invalid digest format")
        if sizes.setdefault(digest, layer.size) != layer.size:
            raise FormatError(f"the manifest has two sizes for {digest}")
    return sizes


def _other_size(digest: str, size: int, expected: int) -> FormatError:
    return FormatError(f"{digest} has {size} bytes, and not {expected}")
