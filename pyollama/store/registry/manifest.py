"""The manifest of a name, as its registry has it."""

import asyncio

from pyollama.store.errors import StoreError
from pyollama.store.manifests import MAX_MANIFEST, MAX_VALUES
from pyollama.store.registry.exchange import Question
from pyollama.store.registry.session import Session
from pyollama_formats.manifest import MANIFEST_TYPE, Manifest

__all__ = ["fetched_manifest"]

MAX_LAYERS = 1000  # real models have a dozen; each costs two requests, a file and a line


async def fetched_manifest(session: Session) -> tuple[Manifest, bytes]:
    """The manifest, and its bytes as they were received.

    Raises Missing, StoreError, also for one that is compressed or has layers without end, or
    FormatError for an answer that is none.
    """
    headers = {"Accept": MANIFEST_TYPE}
    question = Question("GET", session.manifest_url, headers, limit=MAX_MANIFEST)
    answer = await session.ask(question)
    if (coding := answer.headers.get("content-encoding", "identity").lower()) != "identity":
        raise StoreError(f"the manifest is compressed ({coding}), which nobody asked for")
    if answer.body.count(b",") > MAX_VALUES:
        raise StoreError(f"the manifest has more than {MAX_VALUES} values")
    manifest = await asyncio.to_thread(Manifest.decode, answer.body)
    if len(manifest.layers) > MAX_LAYERS:
        raise StoreError(f"the manifest has {len(manifest.layers)} layers, more than {MAX_LAYERS}")
    return manifest, answer.body
