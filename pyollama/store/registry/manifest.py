"""The manifest of a name, as its registry has it."""

import asyncio

import httpx2

from pyollama.store.errors import StoreError
from pyollama.store.manifests import MAX_MANIFEST, MAX_VALUES
from pyollama.store.names import Name
from pyollama.store.registry.exchange import ask
from pyollama.store.registry.urls import manifest_url
from pyollama_formats.manifest import MANIFEST_TYPE, Manifest

__all__ = ["fetched_manifest"]


async def fetched_manifest(
    client: httpx2.AsyncClient, name: Name, *, insecure: bool = False
) -> tuple[Manifest, bytes]:
    """The manifest, and its bytes as they were received.

    Raises Missing, StoreError, or FormatError for an answer that is none.
    """
    url = manifest_url(name, insecure=insecure)
    answer = await ask(client, "GET", url, headers={"Accept": MANIFEST_TYPE}, limit=MAX_MANIFEST)
    if answer.body.count(b",") > MAX_VALUES:
        raise StoreError(f"the manifest has more than {MAX_VALUES} values")
    return await asyncio.to_thread(Manifest.decode, answer.body), answer.body
