"""The stored model that another one is made from: its layers are taken over, none is copied."""

from collections.abc import Generator, Iterator

from msgspec import structs

from pyollama.errors import NotFound
from pyollama.store.blobs import is_digest
from pyollama.store.create.assembly import Assembly, Part
from pyollama.store.errors import StoreError
from pyollama.store.model import StoredModel
from pyollama.store.names import Name, parse_name, split_source
from pyollama.store.types import ProgressResponse
from pyollama_formats.manifest import ADAPTER_TYPE, MODEL_TYPE, PROJECTOR_TYPE, Config, Layer

__all__ = ["from_model", "inherited"]

GGUF_TYPES = (MODEL_TYPE, PROJECTOR_TYPE, ADAPTER_TYPE)


def from_model(new: Assembly) -> Iterator[ProgressResponse]:
    """Take over the layers of the model that the request names, pulling it first if need be."""
    text, _ = split_source(new.request.from_)
    base = yield from _found_or_pulled(new, parse_name(text))
    new.parts = [_taken_over(new, layer, base.name.short) for layer in base.manifest.layers]
    new.config = inherited(base.config)
    new.parameters = dict(base.parameters)


def inherited(config: Config) -> Config:
    """What a config passes on; the rest is told anew by the weights."""
    return Config(
        model_format=config.model_format,
        renderer=config.renderer,
        parser=config.parser,
        requires=config.requires,
        capabilities=list(config.capabilities),
        draft=config.draft,
        remote_host=config.remote_host,
        remote_model=config.remote_model,
    )


def _found_or_pulled(new: Assembly, name: Name) -> Generator[ProgressResponse, None, StoredModel]:
    """The stored model, after the lines of a pull if it was missing."""
    try:
        return new.store.find(name)
    except NotFound:
        yield from new.store.pull(name)
        return new.store.find(name)


def _taken_over(new: Assembly, layer: Layer, origin: str) -> Part:
    """A layer of the base, which from now on says where it comes from."""
    if not is_digest(layer.digest):
        raise StoreError(f"{origin} has a layer with an invalid digest")
    new.store.blobs.touch(layer.digest)
    facts = None
    if layer.media_type in GGUF_TYPES:
        facts = new.store.facts.of(layer.digest, new.store.blobs.open_path(layer.digest))
    status = f"using existing layer {layer.digest}"
    return Part(structs.replace(layer, from_=origin), status, facts)
