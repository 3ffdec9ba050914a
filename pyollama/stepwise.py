"""Slow iterators seen from the event loop."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from concurrent.futures import Executor
from typing import TypeVar

__all__ = ["in_thread"]

T = TypeVar("T")


async def in_thread(lines: Iterator[T], threads: Executor | None = None) -> AsyncGenerator[T, None]:
    """A slow iterator's items, each made in a worker thread; a step under way is waited for.

    threads: where the steps are made, by default the pool that everything shares
    """
    loop = asyncio.get_running_loop()
    try:
        while True:
            step = asyncio.ensure_future(loop.run_in_executor(threads, next, lines, None))
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
