"""Sending a model to its registry: so far only what the registry has already.

Names are taken as they come: a source suffix is part of the tag here.
"""

import asyncio
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING

import httpx2

from pyollama.errors import BadRequest, NotFound
from pyollama.store.blobs import is_digest
from pyollama.store.errors import StoreError
from pyollama.store.manifests import StoredManifest, layers_of
from pyollama.store.names import Name, parse_name, unchecked_name
from pyollama.store.registry.exchange import Missing, ask
from pyollama.store.registry.transport import connected
from pyollama.store.registry.urls import blob_url
from pyollama.store.types import ProgressResponse
from pyollama_formats.manifest import Layer

if TYPE_CHECKING:
    from pyollama.store.store import Store

__all__ = ["push"]


async def push(
    store: "Store", raw_name: str, *, insecure: bool
) -> AsyncGenerator[ProgressResponse, None]:
    """The lines of a push; StoreError for a name that is none, a model that is not stored."""
    yield ProgressResponse(status="retrieving manifest")
    try:
        name, stored = await asyncio.to_thread(_stored, store, raw_name)
    except StoreError:
        yield ProgressResponse(status="couldn't retrieve manifest")
        raise
    async with connected() as client:
        for layer in layers_of(stored.manifest):
            await _require_there(client, name, layer, insecure)
            yield _there(layer)
    raise StoreError(f"push {name.full}: this version has no registry client that sends manifests")


def _stored(store: "Store", raw_name: str) -> tuple[Name, StoredManifest]:
    """The name in its stored spelling and its manifest; StoreError with the words of a push."""
    try:
        name = store.manifests.spelled(parse_name(raw_name))
    except BadRequest as error:
        raise StoreError(f"unqualified name: {unchecked_name(raw_name).full}") from error
    try:
        return name, store.manifests.read(name)
    except NotFound as error:
        path = store.manifests.path(name)
        raise StoreError(f"open {path}: no such file or directory") from error


async def _require_there(
    client: httpx2.AsyncClient, name: Name, layer: Layer, insecure: bool
) -> None:
    """Ask whether the registry has a layer; StoreError for one that would have to be sent."""
    if not is_digest(layer.digest):
        raise StoreError("invalid digest format")
    try:
        await ask(client, "HEAD", blob_url(name, layer.digest, insecure=insecure))
    except Missing as error:
        raise StoreError(
            f"push {name.full}: this version has no registry client that sends layers"
        ) from error


def _there(layer: Layer) -> ProgressResponse:
    """The one line of a layer that need not be sent."""
    status = f"pushing {layer.digest.removeprefix('sha256:')[:12]}"
    return ProgressResponse(
        status=status, digest=layer.digest, total=layer.size, completed=layer.size
    )
