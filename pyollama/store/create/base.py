"""The stored model that another one is made from: its layers are taken over, none is copied."""

from typing import TYPE_CHECKING

from msgspec import structs

from pyollama.errors import BadRequest
from pyollama.store.blobs import is_digest
from pyollama.store.create.assembly import Assembly, Part
from pyollama.store.create.remote import is_remote
from pyollama.store.errors import StoreError
from pyollama.store.names import Name, parse_name, split_source
from pyollama.store.types import CreateRequest
from pyollama_formats.manifest import ADAPTER_TYPE, MODEL_TYPE, PROJECTOR_TYPE, Config, Layer

if TYPE_CHECKING:
    from pyollama.store.store import Store

__all__ = ["from_model", "inherited", "missing_base"]

GGUF_TYPES = (MODEL_TYPE, PROJECTOR_TYPE, ADAPTER_TYPE)


def missing_base(store: "Store", request: CreateRequest) -> Name | None:
    """The model that has to be pulled before another one can be made from it, if there is one."""
    try:
        if not request.from_ or is_remote(request):
            return None
        name = parse_name(split_source(request.from_)[0])
    except BadRequest:  # which will be said when its turn has come
        return None
    return None if store.manifests.has(store.manifests.spelled(name)) else name


def from_model(new: Assembly) -> None:
    """Take over the layers of the model that the request names; NotFound if it is not stored."""
    text, _ = split_source(new.request.from_)
    base = new.store.find(parse_name(text))
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
