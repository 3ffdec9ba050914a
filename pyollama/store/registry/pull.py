"""Fetching a model from its registry: its manifest, the blobs that are missing, then its name.

The model that the name had before stays until the last step, so that a pull that breaks off
changes nothing that can be seen. Blobs that have come by then are not fetched again.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TYPE_CHECKING

from pyollama.errors import PyollamaError
from pyollama.store.blobs import is_digest
from pyollama.store.errors import StoreError
from pyollama.store.manifests import layers_of
from pyollama.store.names import Name
from pyollama.store.registry.download import Damaged, downloaded
from pyollama.store.registry.manifest import fetched_manifest
from pyollama.store.registry.session import Session
from pyollama.store.registry.transport import connected
from pyollama.store.types import ProgressResponse
from pyollama_formats.manifest import Layer, Manifest

if TYPE_CHECKING:
    from pyollama.store.store import Store

__all__ = ["pull"]

TENSOR_TYPE = "application/vnd.ollama.image.tensor"
NEEDS_MLX = "this model requires MLX support, but the MLX runtime is not available"

Lines = AsyncGenerator[ProgressResponse, None]


async def pull(store: "Store", name: Name, *, insecure: bool) -> Lines:
    """The lines of a pull of a name in its stored spelling; StoreError says what went wrong."""
    yield ProgressResponse(status="pulling manifest")
    async with connected(store.registries) as client:
        session = Session(client, name, insecure=insecure)
        try:
            manifest, data = await fetched_manifest(session)
        except PyollamaError as error:
            raise StoreError(f"pull model manifest: {error}") from error
        _require_usable(name, manifest)
        damaged: list[Damaged] = []
        for layer in layers_of(manifest):
            async with aclosing(_blob(store, session, layer, damaged)) as lines:
                async for line in lines:
                    yield line
    yield ProgressResponse(status="verifying sha256 digest")
    if damaged:
        raise damaged[0]
    yield ProgressResponse(status="writing manifest")
    if await asyncio.to_thread(store.install, name, manifest, data):
        yield ProgressResponse(status="removing unused layers")
    yield ProgressResponse(status="success")


def _require_usable(name: Name, manifest: Manifest) -> None:
    """Refuse a manifest that names no blobs, or those of a runtime that there is not here."""
    for layer in (*manifest.layers, *[manifest.config] * bool(manifest.config.digest)):
        if layer.media_type == TENSOR_TYPE:
            raise StoreError(NEEDS_MLX)
        if not layer.digest:
            raise StoreError(f"{name.namespace}/{name.model}: digest is empty")
        if not is_digest(layer.digest):
            raise StoreError("invalid digest format")
        if layer.size < 0:
            raise StoreError(f"{layer.digest} would have {layer.size} bytes")


async def _blob(store: "Store", session: Session, layer: Layer, damaged: list[Damaged]) -> Lines:
    """The lines of one blob; damage is told when all have been tried."""
    if not await asyncio.to_thread(store.blobs.has, layer.digest):
        yield _progress(layer, 0)
        try:
            async with aclosing(downloaded(session, store.blobs, layer)) as sizes:
                async for size in sizes:
                    yield _progress(layer, size)
        except Damaged as error:
            damaged.append(error)
    yield _progress(layer, layer.size)


def _progress(layer: Layer, completed: int) -> ProgressResponse:
    """How far a layer is."""
    status = f"pulling {layer.digest[7:19]}"
    return ProgressResponse(
        status=status, digest=layer.digest, total=layer.size, completed=completed
    )
