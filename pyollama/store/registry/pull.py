"""Fetching a model from its registry: so far its manifest."""

from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING

from pyollama.errors import PyollamaError
from pyollama.store.errors import StoreError
from pyollama.store.names import Name
from pyollama.store.registry.manifest import fetched_manifest
from pyollama.store.registry.transport import connected
from pyollama.store.types import ProgressResponse

if TYPE_CHECKING:
    from pyollama.store.store import Store

__all__ = ["pull"]


async def pull(
    store: "Store", name: Name, *, insecure: bool
) -> AsyncGenerator[ProgressResponse, None]:
    """The lines of a pull of a name in its stored spelling; StoreError says what went wrong."""
    yield ProgressResponse(status="pulling manifest")
    async with connected() as client:
        try:
            await fetched_manifest(client, name, insecure=insecure)
        except PyollamaError as error:
            raise StoreError(f"pull model manifest: {error}") from error
    raise StoreError(f"pull {name.full}: this version has no registry client that fetches layers")
