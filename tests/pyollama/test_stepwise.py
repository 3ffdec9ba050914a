"""Slow iterators on the event loop."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator

import pytest

from pyollama.stepwise import in_thread


def test_an_iterator_in_a_thread_is_closed_after_the_step_that_was_under_way() -> None:
    steps: list[str] = []
    busy = threading.Event()

    def slow() -> Iterator[int]:
        try:
            yield 1
            busy.set()
            threading.Event().wait(0.05)
            steps.append("stepped")
            yield 2
        finally:
            steps.append("closed")

    async def main() -> None:
        async def drain(items: AsyncIterator[int]) -> list[int]:
            return [item async for item in items]

        assert await drain(in_thread(iter([1, 2, 3]))) == [1, 2, 3]
        task = asyncio.ensure_future(drain(in_thread(slow())))
        await asyncio.to_thread(busy.wait)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert steps == ["stepped", "closed"]
