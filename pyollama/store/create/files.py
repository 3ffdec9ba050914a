"""Uploaded files: what each one is, told by its name or by its first bytes."""

from collections.abc import Iterator, Mapping

from pyollama.errors import BadRequest
from pyollama.store.create.assembly import Assembly, Part
from pyollama.store.errors import StoreError
from pyollama.store.model import media_type
from pyollama.store.types import ProgressResponse
from pyollama_formats.gguf.reader import open_gguf
from pyollama_formats.manifest import Layer

__all__ = ["from_files"]

MAGIC = b"GGUF"


def from_files(new: Assembly, files: Mapping[str, str]) -> Iterator[ProgressResponse]:
    """Make a layer of each file, by path and digest, in the order of the paths."""
    if any(path.endswith(".safetensors") for path in files):
        yield ProgressResponse(status="converting model")
        raise StoreError("converting safetensors is not supported by this version")
    if not _are_gguf(new, files):
        raise BadRequest("unknown type")
    referenced = new.store.manifests.referenced()
    for path in sorted(files):
        yield ProgressResponse(status="parsing GGUF")
        new.parts.append(_part(new, path, files[path], referenced))


def _are_gguf(new: Assembly, files: Mapping[str, str]) -> bool:
    """Whether the files are GGUF: by their names, or else by their first bytes."""
    if any(path.endswith(".gguf") for path in files):
        return True
    return any(_starts_with_magic(new, digest) for digest in files.values())


def _starts_with_magic(new: Assembly, digest: str) -> bool:
    try:
        with new.store.blobs.open_path(digest).open("rb") as file:
            return file.read(len(MAGIC)) == MAGIC
    except (BadRequest, StoreError) as error:
        raise StoreError(str(error)) from error


def _part(new: Assembly, key: str, digest: str, referenced: set[str]) -> Part:
    """The layer of one file, after its structure has been checked from end to end."""
    if not _starts_with_magic(new, digest):
        raise BadRequest("supplied file was not in GGUF format")
    path = new.store.blobs.open_path(digest)
    with open_gguf(path) as file:
        shards = file.metadata.get("split.count")
        size = file.size
    if isinstance(shards, int) and shards > 1:
        raise StoreError(f'split GGUF "{key}" is not supported by this version')
    new.store.blobs.touch(digest)
    facts = new.store.facts.of(digest, path)
    layer = Layer(media_type=media_type(facts.kind), digest=digest, size=size)
    word = "using existing layer" if digest in referenced else "creating new layer"
    return Part(layer, f"{word} {digest}", facts, is_new=True)
