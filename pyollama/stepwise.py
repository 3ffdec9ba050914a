"""Slow iterators seen from the event loop."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from typing import TypeVar

__all__ = ["in_thread"]

T = TypeVar("T")


async def in_thread(lines: Iterator[T]) -> AsyncGenerator[T, None]:
    """A slow iterator's items, each made in a worker thread; a step under way is waited for."""
    try:
        while True:
            step = asyncio.ensure_future(asyncio.to_thread(next, lines, None))
            try:
                line = await asyncio.shield(step)
            except asyncio.CancelledError:
                await asyncio.wait({step})
                raise
            if line is None:
                return
            yield line
    finally:
        close = getattr(lines, "close", None)
        if close is not None:
            close()
