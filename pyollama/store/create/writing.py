"""The last step: the config blob and the manifest, with which the model is there."""

from collections.abc import Iterator

from pyollama.store.create.assembly import Assembly
from pyollama.store.names import Name
from pyollama.store.types import ProgressResponse
from pyollama_formats.manifest import Manifest

__all__ = ["written"]


def written(new: Assembly, name: Name) -> Iterator[ProgressResponse]:
    """Give the line of every layer, and write the manifest; the model is there at "success"."""
    config = new.add_blob("config", new.config.encode()).layer
    for part in new.parts:
        yield ProgressResponse(status=part.status)
    yield ProgressResponse(status="writing manifest")
    manifest = Manifest(config=config, layers=[part.layer for part in new.parts])
    new.store.replace(name, manifest, new.texts)
    yield ProgressResponse(status="success")
