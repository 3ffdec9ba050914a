"""Sending a model to its registry: its layers, as far as they are not there, then its manifest.

Names are taken as they come: a source suffix is part of the tag here. The manifest is written anew,
without what a decoder does not know, so that a model that is pulled again has another digest.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TYPE_CHECKING

from pyollama.errors import BadRequest, NotFound
from pyollama.store.errors import StoreError
from pyollama.store.manifests import StoredManifest, layers_of
from pyollama.store.names import Name, parse_name, unchecked_name
from pyollama.store.registry.exchange import Question
from pyollama.store.registry.session import Session
from pyollama.store.registry.transport import connected
from pyollama.store.registry.upload import uploaded
from pyollama.store.types import ProgressResponse
from pyollama_formats.manifest import MANIFEST_TYPE, Layer

if TYPE_CHECKING:
    from pyollama.store.store import Store

__all__ = ["push"]


async def push(
    store: "Store", raw_name: str, *, insecure: bool
) -> AsyncGenerator[ProgressResponse, None]:
    """The lines of a push; StoreError for a name that is none, a model that is not stored.

    Forbidden, before the first line, for a registry that is not allowed.
    """
    store.registries.require(unchecked_name(raw_name).host)
    yield ProgressResponse(status="retrieving manifest")
    try:
        name, stored = await asyncio.to_thread(_stored, store, raw_name)
    except StoreError:
        yield ProgressResponse(status="couldn't retrieve manifest")
        raise
    async with connected(store.registries) as client:
        session = Session(client, name, insecure=insecure)
        for layer in layers_of(stored.manifest):
            async with aclosing(uploaded(session, store.blobs, layer)) as sizes:
                async for size in sizes:
                    yield _progress(layer, min(size, layer.size))
            yield _progress(layer, layer.size)
        yield ProgressResponse(status="pushing manifest")
        data = stored.manifest.encode().rstrip(b"\n")
        headers = {"Content-Type": MANIFEST_TYPE}
        await session.ask(Question("PUT", session.manifest_url, headers, data))
    yield ProgressResponse(status="success")


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


def _progress(layer: Layer, completed: int) -> ProgressResponse:
    """How far a layer is."""
    status = f"pushing {layer.digest.removeprefix('sha256:')[:12]}"
    return ProgressResponse(
        status=status, digest=layer.digest, total=layer.size, completed=completed
    )
