"""A blob on its way from a registry into the store."""

import asyncio
import time
from collections.abc import AsyncGenerator

import httpx2

from pyollama.store.blob_writer import BlobWriter
from pyollama.store.blobs import Blobs
from pyollama.store.errors import StoreError
from pyollama.store.registry.session import Session
from pyollama_formats.manifest import Layer

__all__ = ["Damaged", "downloaded"]

BATCH = 1 << 20  # bytes that are hashed and written in one go
INTERVAL = 0.06  # seconds between two looks at how far it is


class Damaged(StoreError):
    """What has come is not what was wanted."""


async def downloaded(session: Session, blobs: Blobs, layer: Layer) -> AsyncGenerator[int, None]:
    """Store the layer that lies there, telling now and then how many bytes have come.

    Nothing is stored if it is more than the manifest says, or the network fails: StoreError; or if
    the bytes are others than the digest says: Damaged. Leaving the generator ends the download.
    """
    with BlobWriter(blobs) as writer:
        async with session.opened("GET", session.blob_url(layer.digest)) as response:
            async for batch in _batches(response):
                if writer.size + len(batch) > layer.size:
                    raise StoreError(f"{layer.digest} is longer than its {layer.size} bytes")
                await asyncio.to_thread(writer.write, batch)
                yield writer.size
        found = f"sha256:{writer.hash.hexdigest()}"
        if found != layer.digest:
            raise Damaged(
                f"digest mismatch, file must be downloaded again: want {layer.digest}, got {found}"
            )
        await asyncio.to_thread(writer.finish)


async def _batches(response: httpx2.Response) -> AsyncGenerator[bytes, None]:
    """The body in pieces of some size, or of what came while somebody could wait for a sign."""
    held, last = bytearray(), time.monotonic()
    async for chunk in response.aiter_raw():
        held += chunk
        if len(held) >= BATCH or time.monotonic() - last > INTERVAL:
            yield bytes(held)
            held, last = bytearray(), time.monotonic()
    yield bytes(held)
