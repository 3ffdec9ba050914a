"""Create a model: from an uploaded GGUF file or from a stored model, with new layers on top.

What needs no look at the store is checked when create() is called, so that the error can still be
an ordinary answer; the rest happens while the lines of progress are drawn from the iterator. The
order of the checks, the lines and the words are Ollama's.
"""

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from msgspec import to_builtins

from pyollama.api import Message
from pyollama.errors import BadRequest, NotFound
from pyollama.gotext import go_json
from pyollama.store.config import derive_config
from pyollama.store.errors import StoreError
from pyollama.store.model import media_type
from pyollama.store.names import Name, parse_name, split_source
from pyollama.store.types import CreateRequest, ProgressResponse
from pyollama_formats.gguf.reader import open_gguf
from pyollama_formats.manifest import CONFIG_TYPE, Config, Layer, Manifest

if TYPE_CHECKING:
    from pyollama.store.store import Store

__all__ = ["create"]

MAGIC = b"GGUF"
QUANTIZE = ("F32", "F16", "BF16", "Q8_0", "Q4_K_S", "Q4_K_M", "Q4_K")
LICENSE_KINDS = {bool: "bool", int: "number", float: "number", dict: "object", str: "string"}


@dataclass
class Assembly:
    """The model as far as it is made, its layers in the manifest's order."""

    base: Config = field(default_factory=Config)
    parameters: dict[str, Any] = field(default_factory=dict)
    layers: list[Layer] = field(default_factory=list)
    existing: set[str] = field(default_factory=set)  # digests that were layers before this request

    def replace(self, kind: str, layer: Layer) -> None:
        """Put a layer at the end, in the place of every layer of its kind."""
        self.layers = [old for old in self.layers if old.media_type != media_type(kind)]
        self.layers.append(layer)


def create(store: "Store", request: CreateRequest) -> Iterator[ProgressResponse]:
    """Check the request, then give the lines that make the model while they are drawn."""
    for path in [*(request.files or {}), *(request.draft_files or {})]:
        if not is_local(path):
            raise BadRequest("file path must be relative")
    for files in (request.files, request.draft_files, request.adapters):
        if any(not digest for digest in (files or {}).values()):
            raise BadRequest("invalid digest format")
    if request.draft_quantize and not request.draft_files:
        raise BadRequest("--draft-quantize requires a DRAFT model")
    name = parse_name(request.model or request.name)
    return _create(store, name, request)


def is_local(path: str) -> bool:
    """Whether a path of an upload is relative and clean: no "..", no ".", no empty element."""
    return bool(path) and all(part not in ("", ".", "..") for part in path.split(posixpath.sep))


def _create(store: "Store", name: Name, request: CreateRequest) -> Iterator[ProgressResponse]:
    """The lines of progress; the model is there when "success" comes."""
    new = Assembly()
    if request.from_:
        yield from _from_model(store, request, new)
    elif request.files is not None:
        yield from _from_files(store, request.files, new)
    else:
        raise BadRequest("neither 'from' or 'files' was specified")
    _refuse_what_is_missing(request)
    fresh = _add_layers(store, request, new)
    config = derive_config(new.base, _facts(store, new), request)
    config_layer = _blob(store, "config", config.encode(), fresh)
    for layer in new.layers:
        is_new = layer.digest in fresh and layer.digest not in new.existing
        word = "creating new layer" if is_new else "using existing layer"
        yield ProgressResponse(status=f"{word} {layer.digest}")
    yield ProgressResponse(status="writing manifest")
    manifest = Manifest(config=config_layer, layers=new.layers)
    store.replace(store.manifests.spelled(name), manifest)
    yield ProgressResponse(status="success")


# The base


def _from_model(
    store: "Store", request: CreateRequest, new: Assembly
) -> Iterator[ProgressResponse]:
    """Take over the layers of a stored model, pulling it first if it is missing."""
    text, _ = split_source(request.from_)
    name = parse_name(text)
    try:
        base = store.find(name)
    except NotFound:
        yield from store.pull(name)
        base = store.find(name)
    _check_quantize(request)
    for layer in base.manifest.layers:
        store.blobs.touch(layer.digest)
        new.layers.append(
            Layer(
                media_type=layer.media_type,
                digest=layer.digest,
                size=layer.size,
                from_=base.name.short,
                name=layer.name,
            )
        )
    new.base, new.parameters = base.config, dict(base.parameters)
    new.existing = {layer.digest for layer in base.manifest.layers}


def _from_files(store: "Store", files: dict[str, str], new: Assembly) -> Iterator[ProgressResponse]:
    """Make a layer of each uploaded GGUF file."""
    if any(path.endswith(".safetensors") for path in files):
        yield ProgressResponse(status="converting model")
        raise StoreError("converting safetensors is not supported by this version")
    if not _are_gguf(store, files):
        raise BadRequest("unknown type")
    new.existing = store.manifests.referenced()
    for path in sorted(files):
        yield ProgressResponse(status="parsing GGUF")
        new.layers.append(_gguf_layer(store, path, files[path]))
    yield ProgressResponse(status="verifying conversion")


def _are_gguf(store: "Store", files: dict[str, str]) -> bool:
    """Whether the files are GGUF: by their names, or else by their first bytes."""
    if any(path.endswith(".gguf") for path in files):
        return True
    return any(_starts_with_magic(store, digest) for digest in files.values())


def _starts_with_magic(store: "Store", digest: str) -> bool:
    try:
        with store.blobs.open_path(digest).open("rb") as file:
            return file.read(len(MAGIC)) == MAGIC
    except (BadRequest, StoreError) as error:
        raise StoreError(str(error)) from error


def _gguf_layer(store: "Store", key: str, digest: str) -> Layer:
    """The layer of one uploaded file, after its structure has been checked from end to end."""
    if not _starts_with_magic(store, digest):
        raise BadRequest("supplied file was not in GGUF format")
    path = store.blobs.open_path(digest)
    with open_gguf(path) as file:
        shards = file.metadata.get("split.count")
        size = file.size
    if isinstance(shards, int) and shards > 1:
        raise StoreError(f'split GGUF "{key}" is not supported by this version')
    store.blobs.touch(digest)
    facts = store.facts.of(digest, path)
    return Layer(media_type=media_type(facts.kind), digest=digest, size=size)


# New layers


def _check_quantize(request: CreateRequest) -> None:
    """Quantizing is refused, in Ollama's words where the value is none of its own."""
    wanted = (request.quantize or request.quantization).upper()
    if wanted and wanted not in QUANTIZE:
        supported = "F32, F16, Q4_K_S, Q4_K_M, Q8_0"
        raise StoreError(
            f"unsupported quantization type {wanted} - supported types are {supported}"
        )
    if wanted:
        raise StoreError("quantizing is not supported by this version")


def _refuse_what_is_missing(request: CreateRequest) -> None:
    """Say so where the request needs what this version cannot do, instead of leaving it out."""
    _check_quantize(request)
    if request.adapters is not None and not request.adapters:
        raise BadRequest("unknown type")
    if request.adapters:
        raise StoreError("adapters are not supported by this version")
    if request.draft_files:
        raise StoreError("draft models are not supported by this version")
    if request.remote_host:
        raise BadRequest("bad remote")


def _add_layers(store: "Store", request: CreateRequest, new: Assembly) -> set[str]:
    """Write the template, system, license, parameter and message layers; gives the new digests."""
    fresh = {layer.digest for layer in new.layers}
    for kind in ("template", "system"):
        text: str = getattr(request, kind)
        if text:
            new.replace(kind, _blob(store, kind, text.encode(), fresh))
    for text in licenses(request.license):
        new.layers.append(_blob(store, "license", text.encode(), fresh))
    parameters = new.parameters | request.parameters
    if parameters:
        new.replace("params", _blob(store, "params", go_json(parameters), fresh))
    if request.messages:
        new.replace("messages", _blob(store, "messages", _messages(request.messages), fresh))
    return fresh


def _blob(store: "Store", kind: str, data: bytes, fresh: set[str]) -> Layer:
    """Store the bytes of a layer and note the digest if they were not stored before."""
    digest, size, is_new = store.add_blob([data])
    if is_new:
        fresh.add(digest)
    kind_type = CONFIG_TYPE if kind == "config" else media_type(kind)
    return Layer(media_type=kind_type, digest=digest, size=size)


def licenses(value: Any) -> list[str]:
    """The license field as a list; StoreError with Go's words for a wrong type."""
    if value is None or value == "":
        return []
    if isinstance(value, str):
        return [value]
    if not isinstance(value, list):
        kind = LICENSE_KINDS.get(type(value), "object")
        raise StoreError(f"json: cannot unmarshal {kind} into Go value of type []string")
    for item in value:
        if not isinstance(item, str | None):
            kind = "array" if isinstance(item, list) else LICENSE_KINDS.get(type(item), "object")
            raise StoreError(f"json: cannot unmarshal {kind} into Go value of type string")
    return [item or "" for item in value]


def _messages(messages: list[Message]) -> bytes:
    """The messages in Go's JSON, where role and content are there even when they are empty."""
    values = [
        {"role": message.role, "content": message.content} | to_builtins(message)
        for message in messages
    ]
    return go_json(values, sort_keys=False)


def _facts(store: "Store", new: Assembly) -> list[Any]:
    """What the weights among the layers say, in their order."""
    paths = {
        layer.digest: store.blobs.open_path(layer.digest)
        for layer in new.layers
        if layer.media_type == media_type("model")
    }
    return [store.facts.of(digest, path) for digest, path in paths.items()]
