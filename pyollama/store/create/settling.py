"""Uploaded weights in the layout that all weights of Ollama's have.

Ollama sends every uploaded model through llama.cpp's quantizer, to see whether llama.cpp can read
it, and keeps what comes out: the same weights, but keys and tensors in another order. A copy made
here is the same, byte for byte, so that one upload has one digest wherever it is made a model.
"""

from collections.abc import Generator
from typing import TYPE_CHECKING

from pyollama.store.create.copying import VALIDATING, CopiedBlob, Recipe, copied
from pyollama.store.facts import has_towers, opened
from pyollama.store.quantization.layout import place, stored_type, stored_values
from pyollama.store.types import ProgressResponse
from pyollama_formats.gguf.reader import GGUFFile

if TYPE_CHECKING:
    from pyollama.store.blobs import Blobs

__all__ = ["settled"]


def settled(blobs: "Blobs", digest: str) -> Generator[ProgressResponse, None, CopiedBlob | None]:
    """Store the copy of a blob; None for a file that stays as it is.

    That is one which has the layout already, so that the first bytes are those of a copy, or has
    other parts beside the text model. The reader has checked the file when it was parsed.
    """
    made = None
    with opened(blobs.open_path(digest)) as file:
        recipe = _recipe(file)
        if not (has_towers(file) or file.begins_with(recipe.head)):
            made = yield from copied(blobs, recipe, VALIDATING)
    yield ProgressResponse(status="verifying conversion")
    return made


def _recipe(file: GGUFFile) -> Recipe:
    """All of the file, in the other order."""
    values = stored_values(file, stored_type(file))
    tensors = sorted(file.tensors.values(), key=lambda tensor: place(tensor.name))
    return Recipe(values, [(file, tensor) for tensor in tensors], file.alignment)
