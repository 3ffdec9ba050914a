"""Projectors that do not say what they are: old ones, which are all plain perceptrons."""

from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

from pyollama.store.create.copying import CopiedBlob, Recipe, copied
from pyollama.store.facts import opened
from pyollama.store.types import ProgressResponse
from pyollama_formats.gguf.head import stored_scalar
from pyollama_formats.gguf.values import ValueType

if TYPE_CHECKING:
    from pyollama.store.blobs import Blobs

__all__ = ["typed_projector"]

UPDATING = "updating GGUF projector metadata"
KEY, TYPE = "clip.projector_type", "mlp"


def typed_projector(blobs: "Blobs", path: Path) -> Generator[ProgressResponse, None, CopiedBlob]:
    """Store a copy of the file with the key that it lacks."""
    yield ProgressResponse(status=UPDATING)
    with opened(path) as file:
        values = {key: file.stored_value(key) for key in file.metadata}
        values[KEY] = stored_scalar(ValueType.STRING, TYPE)
        tensors = [(file, tensor) for tensor in file.tensors.values()]
        return (yield from copied(blobs, Recipe(values, tensors, file.alignment), UPDATING))
