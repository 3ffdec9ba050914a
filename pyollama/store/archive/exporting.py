"""A stored model into an archive, the same bytes each time.

What tells of the rest comes first: whoever reads the archive knows what is to come before it comes.
"""

import hashlib
import os
from collections.abc import Iterator
from typing import BinaryIO

from pyollama.store.blobs import Blobs
from pyollama.store.errors import StoreError, refusals
from pyollama.store.manifests import StoredManifest, layers_of
from pyollama.store.names import Name
from pyollama.store.store import Store
from pyollama.store.types import ProgressResponse
from pyollama_formats import oci, tar
from pyollama_formats.manifest import Layer

__all__ = ["export"]

PIECE = 1 << 20  # bytes that are copied in one go


def export(store: Store, name: Name, out: BinaryIO) -> Iterator[ProgressResponse]:
    """Write the model of a name, telling how far each blob is.

    NotFound if there is no such model; StoreError for a blob that is missing or not what its digest
    says; whatever out raises.
    """
    spelled = store.manifests.spelled(name)
    stored = store.manifests.read(spelled)
    digest = f"sha256:{stored.digest}"
    _write(out, oci.LAYOUT, oci.Layout(version=oci.VERSION).encode())
    _write(out, oci.INDEX, _index(spelled, stored).encode())
    _write(out, oci.blob_name(digest), stored.data)
    for layer in {layer.digest: layer for layer in layers_of(stored.manifest)}.values():
        yield from _blob(store.blobs, layer, out)
    out.write(tar.END)


def _index(name: Name, stored: StoredManifest) -> oci.Index:
    """The index of an archive of one model."""
    descriptor = oci.Descriptor(
        media_type=stored.manifest.media_type,
        digest=f"sha256:{stored.digest}",
        size=len(stored.data),
        annotations={oci.REF_NAME: name.full},
    )
    return oci.Index(manifests=[descriptor])


def _write(out: BinaryIO, name: str, data: bytes) -> None:
    """Write a short file."""
    out.write(tar.header(name, len(data)) + data + tar.padding(len(data)))


def _blob(blobs: Blobs, layer: Layer, out: BinaryIO) -> Iterator[ProgressResponse]:
    """Write a blob, if it is what the manifest says."""
    path = blobs.open_path(layer.digest)
    digest = layer.digest.replace("-", ":")
    copied, found = 0, hashlib.sha256()
    with refusals("open", path):
        file = path.open("rb")
    with file:
        size = os.fstat(file.fileno()).st_size
        if size != layer.size:
            raise StoreError(f"{path} has {size} bytes, and not {layer.size}")
        out.write(tar.header(oci.blob_name(digest), size))
        while copied < size:
            with refusals("read", path):
                piece = file.read(min(PIECE, size - copied))
            if not piece:
                raise StoreError(f"{path} has lost its last {size - copied} bytes")
            found.update(piece)
            out.write(piece)
            copied += len(piece)
            yield _progress(digest, size, copied)
    if (got := f"sha256:{found.hexdigest()}") != digest:
        raise StoreError(f"digest mismatch in {path}: want {digest}, got {got}")
    out.write(tar.padding(size))


def _progress(digest: str, total: int, completed: int) -> ProgressResponse:
    status = f"exporting {digest.removeprefix('sha256:')[:12]}"
    return ProgressResponse(status=status, digest=digest, total=total, completed=completed)
