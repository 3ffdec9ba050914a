"""Tokenizers for requests that want no more of a model: /api/tokenize and /api/detokenize.

A model that is in memory is asked as by any other request. Of one that is not, the weights stay
where they are: only its text side is read, and kept for as long as the model would be.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from pyollama.api import FOREVER
from pyollama.serving.scheduler import DEFAULT_MAX_LOADED, Scheduler
from pyollama.serving.text_side import TextSide, load_text_side
from pyollama.store import StoredModel

__all__ = ["TextSides"]


@dataclass(eq=False)
class Kept:
    """A text side, how many nanoseconds it stays after each use, and the timer of that."""

    side: TextSide
    keep_alive: int
    timer: asyncio.TimerHandle | None = None


class TextSides:
    """The text sides in use, by the path of the weights. Belongs to the event loop."""

    def __init__(self, scheduler: Scheduler) -> None:
        self.scheduler = scheduler
        self.kept: dict[str, Kept] = {}  # the one used last at the end
        self.loading = asyncio.Lock()  # one at a time

    @asynccontextmanager
    async def of(self, stored: StoredModel, keep_alive: int | None) -> AsyncIterator[TextSide]:
        """The text side of a model that has weights; keep_alive is the request's, in nanoseconds.

        Raises what load_text_side raises.
        """
        lease = self.scheduler.lease_if_loaded(stored, keep_alive)
        if lease is None:
            yield await self._found(str(stored.model_path), keep_alive)
            return
        try:
            yield lease.loaded
        finally:
            lease.release()

    def close(self) -> None:
        """Forget all of them."""
        for path in list(self.kept):
            self._forget(path)

    async def _found(self, path: str, keep_alive: int | None) -> TextSide:
        """A text side that is kept, or read now."""
        kept = self.kept.get(path)
        if kept is None:
            async with self.loading:
                kept = self.kept.get(path) or await self._loaded(path)
        self._keep(path, kept, keep_alive)
        return kept.side

    async def _loaded(self, path: str) -> Kept:
        side = await asyncio.to_thread(load_text_side, path)
        return Kept(side, self.scheduler.settings.keep_alive)

    def _keep(self, path: str, kept: Kept, keep_alive: int | None) -> None:
        """Keep a text side that has been used, and no more of them than models."""
        self._forget(path)
        if keep_alive is not None:
            kept.keep_alive = keep_alive
        if kept.keep_alive == 0:
            return
        self.kept[path] = kept
        if kept.keep_alive < FOREVER:
            loop = asyncio.get_running_loop()
            kept.timer = loop.call_later(kept.keep_alive / 1e9, self._forget, path)
        if len(self.kept) > (self.scheduler.settings.max_loaded_models or DEFAULT_MAX_LOADED):
            self._forget(next(iter(self.kept)))

    def _forget(self, path: str) -> None:
        kept = self.kept.pop(path, None)
        if kept is not None and kept.timer is not None:
            kept.timer.cancel()
