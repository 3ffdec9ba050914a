"""Uploaded files become layers: told apart by their names or first bytes, shards put together."""

from collections.abc import Generator, Iterator, Mapping, Sequence

from pyollama.errors import BadRequest
from pyollama.store.create.assembly import Assembly, Part
from pyollama.store.create.autodetect import add_known_templates
from pyollama.store.create.shards import grouped, merged
from pyollama.store.create.uploads import Upload, starts_with_magic, uploaded
from pyollama.store.errors import StoreError
from pyollama.store.facts import GGUFFacts
from pyollama.store.model import media_type
from pyollama.store.types import ProgressResponse
from pyollama_formats.manifest import Layer

__all__ = ["convert", "from_files"]


def from_files(new: Assembly, files: Mapping[str, str]) -> Iterator[ProgressResponse]:
    """Make the model's first layers of files, by path and digest."""
    parts = yield from convert(new, files, "converting model")
    new.parts += parts
    add_known_templates(new, parts)


def convert(
    new: Assembly, files: Mapping[str, str], converting: str
) -> Generator[ProgressResponse, None, list[Part]]:
    """The layers of these files, in the order of their paths.

    converting is the line that stands before safetensors are looked at.
    """
    if any(path.endswith(".safetensors") for path in files):
        yield ProgressResponse(status=converting)
        if "config.json" not in files:
            raise StoreError("open config.json: no such file or directory")
        raise StoreError("converting safetensors is not supported by this version")
    if not _are_gguf(new, files):
        raise BadRequest("unknown type")
    uploads = []
    for path in sorted(files):
        yield ProgressResponse(status="parsing GGUF")
        uploads.append(uploaded(new, path, files[path]))
    referenced = new.store.manifests.referenced()
    parts = []
    for group in grouped(uploads):
        parts.append((yield from _part(new, group, referenced)))
    return parts


def _are_gguf(new: Assembly, files: Mapping[str, str]) -> bool:
    """Whether the files are GGUF: by their names, or else by their first bytes."""
    if any(path.endswith(".gguf") for path in files):
        return True
    return any(_is_gguf(new, digest) for digest in files.values())


def _is_gguf(new: Assembly, digest: str) -> bool:
    """Whether a blob is stored and begins as a GGUF does."""
    try:
        return starts_with_magic(new.store.blobs.open_path(digest))
    except (BadRequest, StoreError, OSError):
        return False


def _part(
    new: Assembly, group: Sequence[Upload], referenced: set[str]
) -> Generator[ProgressResponse, None, Part]:
    """The layer of one file, or of the shards of one model."""
    if len(group) > 1:
        digest, size, is_new = yield from merged(new.store.blobs, group)
        facts = new.store.facts.of(digest, new.store.blobs.open_path(digest))
        return _made(facts, digest, size, is_new=is_new)
    (upload,) = group
    if upload.facts.kind == "model" and not upload.facts.has_towers:
        # It is copied into Ollama's layout later; where it has that, the copy would be the first.
        is_new = upload.digest not in referenced
        return _made(upload.facts, upload.digest, upload.size, is_new=is_new)
    return _kept(upload)


def _made(facts: GGUFFacts, digest: str, size: int, *, is_new: bool) -> Part:
    """A layer of our making."""
    layer = Layer(media_type=media_type(facts.kind), digest=digest, size=size)
    word = "creating new layer" if is_new else "using existing layer"
    return Part(layer, f"{word} {digest}", facts, is_uploaded=True)


def _kept(upload: Upload) -> Part:
    """A layer that is an uploaded file as it is; it says how the client called it."""
    layer = Layer(
        media_type=media_type(upload.facts.kind),
        digest=upload.digest,
        size=upload.size,
        from_=upload.key,
    )
    return Part(layer, f"using existing layer {upload.digest}", upload.facts, is_uploaded=True)
