"""Uploaded GGUF files, as far as the structure of each has been checked."""

from dataclasses import dataclass
from pathlib import Path

from pyollama.errors import BadRequest
from pyollama.store.create.assembly import Assembly
from pyollama.store.errors import StoreError, refusals
from pyollama.store.facts import GGUFFacts

__all__ = ["Upload", "starts_with_magic", "uploaded"]

MAGIC = b"GGUF"


@dataclass(frozen=True)
class Upload:
    """A blob that the request names; key is the path that the client gave it."""

    key: str
    digest: str
    path: Path
    size: int
    facts: GGUFFacts


def uploaded(new: Assembly, key: str, digest: str) -> Upload:
    """Look at an uploaded file from end to end.

    BadRequest if it is no GGUF, FormatError for a damaged one, StoreError for one that is not here.
    """
    try:
        path = new.store.blobs.open_path(digest)
    except BadRequest as error:  # a malformed digest: found out so late, it is no bad request
        raise StoreError(str(error)) from error
    if not starts_with_magic(path):
        raise BadRequest("supplied file was not in GGUF format")
    new.store.blobs.touch(digest)
    with refusals("stat", path):
        size = path.stat().st_size
    return Upload(key, digest, path, size, new.store.facts.of(digest, path))


def starts_with_magic(path: Path) -> bool:
    """Whether a file begins as a GGUF does."""
    with refusals("open", path), path.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC
