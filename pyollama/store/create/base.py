"""The stored model that another one is made from: its layers are taken over, none is copied."""

from collections.abc import Generator, Iterator

from msgspec import structs

from pyollama.errors import NotFound
from pyollama.store.create.assembly import Assembly, Part
from pyollama.store.model import StoredModel, media_type
from pyollama.store.names import Name, parse_name, split_source
from pyollama.store.types import ProgressResponse
from pyollama_formats.manifest import Layer

__all__ = ["from_model"]

GGUF_TYPES = {media_type(kind) for kind in ("model", "projector", "adapter")}


def from_model(new: Assembly) -> Iterator[ProgressResponse]:
    """Take over the layers of the model that the request names, pulling it first if need be."""
    text, _ = split_source(new.request.from_)
    base = yield from _found_or_pulled(new, parse_name(text))
    for layer in base.manifest.layers:
        new.store.blobs.touch(layer.digest)
        new.parts.append(_taken_over(new, layer, base.name.short))
    new.config.model_format = base.config.model_format
    new.config.renderer = base.config.renderer
    new.config.parser = base.config.parser
    new.config.requires = base.config.requires
    new.config.capabilities = list(base.config.capabilities)
    new.parameters = dict(base.parameters)


def _found_or_pulled(new: Assembly, name: Name) -> Generator[ProgressResponse, None, StoredModel]:
    """The stored model, after the lines of a pull if it was missing."""
    try:
        return new.store.find(name)
    except NotFound:
        yield from new.store.pull(name)
        return new.store.find(name)


def _taken_over(new: Assembly, layer: Layer, origin: str) -> Part:
    """A layer of the base, which from now on says where it comes from."""
    facts = None
    if layer.media_type in GGUF_TYPES:
        facts = new.store.facts.of(layer.digest, new.store.blobs.open_path(layer.digest))
    status = f"using existing layer {layer.digest}"
    return Part(structs.replace(layer, from_=origin), status, facts)
