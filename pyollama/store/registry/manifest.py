"""The manifest of a name, as its registry has it."""

import asyncio

from pyollama.store.errors import StoreError
from pyollama.store.manifests import MAX_MANIFEST, MAX_VALUES
from pyollama.store.registry.session import Session
from pyollama_formats.manifest import MANIFEST_TYPE, Manifest

__all__ = ["fetched_manifest"]


async def fetched_manifest(session: Session) -> tuple[Manifest, bytes]:
    """The manifest, and its bytes as they were received.

    Raises Missing, StoreError, or FormatError for an answer that is none.
    """
    headers = {"Accept": MANIFEST_TYPE}
    answer = await session.ask("GET", session.manifest_url, headers=headers, limit=MAX_MANIFEST)
    if answer.body.count(b",") > MAX_VALUES:
        raise StoreError(f"the manifest has more than {MAX_VALUES} values")
    return await asyncio.to_thread(Manifest.decode, answer.body), answer.body
