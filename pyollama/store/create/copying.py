"""Copies of GGUF files with other metadata, or of several in one; they never lie in memory."""

import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyollama.store.blob_writer import BlobWriter
from pyollama.store.types import NO_DIGEST, ProgressResponse
from pyollama_formats.gguf.head import gguf_head, padding
from pyollama_formats.gguf.reader import GGUFFile
from pyollama_formats.gguf.tensors import TensorInfo

if TYPE_CHECKING:
    from pyollama.store.blobs import Blobs

__all__ = ["VALIDATING", "CopiedBlob", "Recipe", "copied"]

VALIDATING = "validating GGUF model"  # the status of a copy of uploaded weights
PIECE = 16 << 20  # bytes that are copied between two looks at the clock
INTERVAL = 1.0  # seconds between lines of progress; each is a chance for the client to leave

CopiedBlob = tuple[str, int, bool]  # digest, size in bytes, whether it is new


@dataclass(frozen=True)
class Recipe:
    """What a copy is made of.

    values are keys and their values as they are stored; the tensors come with the files that they
    are in; alignment is that of their data, in bytes.
    """

    values: Mapping[str, bytes]
    tensors: Sequence[tuple[GGUFFile, TensorInfo]]
    alignment: int

    @property
    def head(self) -> bytes:
        """What stands before the first tensor's data."""
        entries = [(tensor.name, tensor.dims, tensor.type) for _, tensor in self.tensors]
        return gguf_head(self.values, entries, self.alignment)

    @property
    def n_bytes(self) -> int:
        """The length of the tensors' data."""
        return sum(tensor.nbytes for _, tensor in self.tensors)


def copied(
    blobs: "Blobs", recipe: Recipe, status: str
) -> Generator[ProgressResponse, None, CopiedBlob]:
    """Store the copy as a blob; a line of progress every second, with the given status."""
    with BlobWriter(blobs) as writer:
        last = time.monotonic()
        for piece in _pieces(recipe):
            writer.write(piece)
            if time.monotonic() - last > INTERVAL:
                yield ProgressResponse(
                    status=status,
                    digest=NO_DIGEST,
                    total=recipe.n_bytes,
                    completed=min(writer.size, recipe.n_bytes),
                )
                last = time.monotonic()
        digest, is_new = writer.finish()
    return digest, writer.size, is_new


def _pieces(recipe: Recipe) -> Iterator[bytes | memoryview]:
    """The bytes of the file, from the first to the last."""
    yield recipe.head
    for file, tensor in recipe.tensors:
        data = file.data(tensor.name).reshape(-1)
        for start in range(0, tensor.nbytes, PIECE):
            yield data[start : start + PIECE].data
            file.drop(tensor.name)  # or the whole tensor would stay mapped into memory
        yield padding(tensor.nbytes, recipe.alignment)
