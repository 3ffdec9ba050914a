"""Work that others watch: how far a transfer is, told now and then while it runs."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from typing import Any

__all__ = ["watched"]

INTERVAL = 0.06  # seconds between two looks


async def watched(
    work: Coroutine[Any, Any, None], completed: Callable[[], int]
) -> AsyncGenerator[int, None]:
    """Run the work, and tell how far it is, which never goes back, though a part is tried again.

    Raises what the work raises. Leaving the generator ends the work.
    """
    task = asyncio.ensure_future(work)
    furthest = 0
    try:
        while not task.done():
            furthest = max(furthest, completed())
            yield furthest
            await asyncio.wait([task], timeout=INTERVAL)
        await task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
