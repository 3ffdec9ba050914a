"""Trying again: at once would be useless, for ever as well."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from pyollama.store.errors import StoreError

__all__ = ["MAX_TRIES", "Hopeless", "pause", "retried"]

T = TypeVar("T")

MAX_TRIES = 6
PAUSE = 1.0  # seconds after the first try; each further pause is twice as long


class Hopeless(StoreError):
    """What would go wrong the same way another time."""


async def retried(work: Callable[[], Awaitable[T]]) -> T:
    """What the work gives in one of six tries; Hopeless as it comes, or StoreError after all."""
    for attempt in range(MAX_TRIES):
        try:
            return await work()
        except Hopeless:
            raise
        except StoreError as error:
            last = error
        if attempt < MAX_TRIES - 1:
            await pause(attempt)
    raise StoreError(f"max retries exceeded: {last}") from last


async def pause(attempt: int) -> None:
    """Wait 1, 2, 4, 8, 16 seconds."""
    await asyncio.sleep(PAUSE * 2**attempt)
