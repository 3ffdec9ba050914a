"""Uploaded weights in the layout that all weights of Ollama's have.

Ollama sends every uploaded model through llama.cpp's quantizer, to see whether llama.cpp can read
it, and keeps what comes out: the same weights, but keys and tensors in another order. A copy made
here is the same, byte for byte, so that one upload has one digest wherever it is made a model.
"""

from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

from pyollama.store.create.copying import VALIDATING, CopiedBlob, Recipe, copied
from pyollama.store.facts import has_towers
from pyollama.store.quantization.layout import place, stored_type, stored_values
from pyollama.store.types import ProgressResponse
from pyollama_formats.gguf.reader import GGUFFile, open_gguf

if TYPE_CHECKING:
    from pyollama.store.blobs import Blobs

__all__ = ["settled"]


def settled(blobs: "Blobs", digest: str) -> Generator[ProgressResponse, None, CopiedBlob | None]:
    """Store the copy of a blob; None for a file that stays as it is.

    That is one which has the layout already, or has other parts beside the text model. The reader
    has checked the file from end to end when it was parsed.
    """
    path, made = blobs.open_path(digest), None
    with open_gguf(path) as file:
        recipe = _recipe(file)
        if not (has_towers(file) or _begins_with(path, recipe.head)):
            made = yield from copied(blobs, recipe, VALIDATING)
    yield ProgressResponse(status="verifying conversion")
    return made


def _begins_with(path: Path, head: bytes) -> bool:
    """Whether a file begins with these bytes; then all of it is as they say."""
    with path.open("rb") as file:
        return file.read(len(head)) == head


def _recipe(file: GGUFFile) -> Recipe:
    """All of the file, in the other order."""
    values = stored_values(file, stored_type(file))
    tensors = sorted(file.tensors.values(), key=lambda tensor: place(tensor.name))
    return Recipe(values, [(file, tensor) for tensor in tensors], file.alignment)
