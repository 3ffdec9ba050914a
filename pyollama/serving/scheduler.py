"""Which models are in memory: loading on demand, keep_alive, room for several, unloading.

It belongs to the event loop: its methods are called there, and only loading and unloading
themselves run in threads. Runners are keyed by the path of the weights, so that two names of one
model share one.
"""

import asyncio
import logging
import time
from dataclasses import dataclass
from functools import partial

from pyollama.api import FOREVER
from pyollama.errors import ServerBusy
from pyollama.serving.loaded import DEFAULT_CONTEXT, OutOfMemory, RunnerOptions, load
from pyollama.serving.loading import watched
from pyollama.serving.slot import Lease, Slot
from pyollama.settings import Settings
from pyollama.store import StoredModel

DEFAULT_MAX_LOADED = 3
BUSY = "server busy, please try again.  maximum pending requests exceeded"

logger = logging.getLogger(__name__)


@dataclass(eq=False)
class Wanted:
    """A request for a model that is not in memory."""

    stored: StoredModel
    options: RunnerOptions
    keep_alive: int | None
    is_loading: bool = False  # from here on it is finished even if its client leaves


class Scheduler:
    """The models in memory, and the queue of requests that wait for one to be loaded."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.slots: dict[str, Slot] = {}
        self.queue = asyncio.Lock()  # loads happen one at a time, in order of arrival
        self.loads: set[asyncio.Task[Lease]] = set()  # the one that loads, and those that wait
        self.unloads: set[asyncio.Task[None]] = set()

    async def acquire(
        self, stored: StoredModel, options: RunnerOptions, keep_alive: int | None
    ) -> Lease:
        """A lease on the model, loaded first if need be.

        Raises ServerBusy if too many requests wait already, and what loading raises.
        """
        slot = self._usable(stored, options)
        if slot is None:
            return await self._wait_for_load(Wanted(stored, options, keep_alive))
        return self._lease(slot, keep_alive)

    def lease_if_loaded(self, stored: StoredModel, keep_alive: int | None) -> Lease | None:
        """A lease on the model if it is in memory, whatever its options are; else None."""
        slot = self.slots.get(str(stored.model_path))
        if slot is None or slot.loaded is None or slot.is_leaving:
            return None
        return self._lease(slot, keep_alive)

    @property
    def models(self) -> list[StoredModel]:
        """The models in memory, each as it was stored when it was loaded."""
        return [slot.stored for slot in self.slots.values() if slot.loaded is not None]

    def unload(self, stored: StoredModel) -> None:
        """Let a model go as soon as nobody uses it."""
        slot = self.slots.get(str(stored.model_path))
        if slot is not None:
            slot.keep_alive = 0
            self._go_idle(slot)

    async def close(self) -> None:
        """Unload everything; requests that wait are cancelled."""
        loads = list(self.loads)
        for task in loads:
            task.cancel()
        await asyncio.gather(*loads, return_exceptions=True)
        for slot in list(self.slots.values()):
            self._remove(slot)
        if self.unloads:
            await asyncio.wait(self.unloads)

    def _usable(self, stored: StoredModel, options: RunnerOptions) -> Slot | None:
        slot = self.slots.get(str(stored.model_path))
        return slot if slot is not None and slot.serves(options) else None

    def _lease(self, slot: Slot, keep_alive: int | None) -> Lease:
        assert slot.loaded is not None
        if keep_alive is not None:
            slot.keep_alive = keep_alive
        slot.stop_timer()
        slot.n_users += 1
        return Lease(slot, slot.loaded, self._release)

    async def _wait_for_load(self, wanted: Wanted) -> Lease:
        """Queue for the loader. A client that leaves is forgotten, but not a load under way."""
        if len(self.loads) > self.settings.max_queue:  # one of them does not wait: it loads
            raise ServerBusy(BUSY)
        task = asyncio.ensure_future(self._load_in_turn(wanted))
        self.loads.add(task)
        task.add_done_callback(self.loads.discard)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            task.add_done_callback(release_unclaimed)
            if not wanted.is_loading:
                task.cancel()
            raise

    async def _load_in_turn(self, wanted: Wanted) -> Lease:
        async with self.queue:
            slot = self._usable(wanted.stored, wanted.options)
            if slot is None:
                await self._make_room(str(wanted.stored.model_path))
                wanted.is_loading = True
                slot = await self._load_with_all_memory(wanted)
            return self._lease(slot, wanted.keep_alive)

    async def _load_with_all_memory(self, wanted: Wanted) -> Slot:
        """Load; if memory is short, once more when every other model is gone."""
        try:
            return await self._load(wanted)
        except OutOfMemory:
            if not self.slots:
                raise
            logger.warning("memory is short: unloading %d models", len(self.slots))
            for slot in list(self.slots.values()):
                await self._evict(slot)
            return await self._load(wanted)

    async def _load(self, wanted: Wanted) -> Slot:
        default_context = self.settings.context_length or DEFAULT_CONTEXT
        kept = self.settings.keep_alive if wanted.keep_alive is None else wanted.keep_alive
        expires_at = min(time.time_ns() + kept, FOREVER)
        slot = Slot(wanted.stored, wanted.options, default_context, kept, expires_at)
        self.slots[slot.path] = slot
        started = time.monotonic()
        loading = partial(load, slot.path, wanted.options, default_context)
        try:
            slot.loaded = await watched(loading, self.settings.load_timeout)
        except BaseException:
            del self.slots[slot.path]
            raise
        logger.info("loaded %s in %.2f s", slot.stored.name.short, time.monotonic() - started)
        return slot

    async def _make_room(self, path: str) -> None:
        """Unload a runner of this very model with other options, and others down to the limit."""
        limit = self.settings.max_loaded_models or DEFAULT_MAX_LOADED
        while path in self.slots or len(self.slots) >= limit:
            await self._evict(self.slots.get(path) or self._least_needed())
        if self.unloads:  # of models that went by themselves: their memory must be free as well
            await asyncio.wait(self.unloads)

    def _least_needed(self) -> Slot:
        """An idle model before a busy one, then the shortest keep_alive, then by path."""
        return min(self.slots.values(), key=lambda s: (s.n_users > 0, s.keep_alive, s.path))

    async def _evict(self, slot: Slot) -> None:
        """Unload a model when its requests have ended; later ones for it wait in the queue."""
        slot.is_leaving = True
        try:
            if slot.n_users == 0:
                self._remove(slot)
            await slot.gone.wait()
        except asyncio.CancelledError:
            slot.is_leaving = False
            raise

    def _release(self, slot: Slot) -> None:
        slot.n_users -= 1
        self._go_idle(slot)

    def _go_idle(self, slot: Slot) -> None:
        """Start the keep_alive timer of a model that nobody uses."""
        if slot.n_users > 0 or self.slots.get(slot.path) is not slot:
            return
        slot.stop_timer()
        slot.expires_at = min(time.time_ns() + slot.keep_alive, FOREVER)
        if slot.keep_alive == 0 or slot.is_leaving:
            self._expire(slot)
        elif slot.keep_alive < FOREVER:
            seconds = slot.keep_alive / 1e9
            slot.timer = asyncio.get_running_loop().call_later(seconds, self._expire, slot)

    def _expire(self, slot: Slot) -> None:
        if slot.n_users == 0 and slot.loaded is not None:
            self._remove(slot)

    def _remove(self, slot: Slot) -> None:
        """Forget a model, and free its memory in a thread: its runner may be in a step."""
        slot.stop_timer()
        if self.slots.get(slot.path) is slot:
            del self.slots[slot.path]
        loaded, slot.loaded = slot.loaded, None
        if loaded is None:
            slot.gone.set()
            return
        task = asyncio.ensure_future(asyncio.to_thread(loaded.unload))
        self.unloads.add(task)
        task.add_done_callback(self.unloads.discard)
        task.add_done_callback(lambda _: slot.gone.set())


def release_unclaimed(task: asyncio.Task[Lease]) -> None:
    """Give back the lease of a load whose client has left in the meantime."""
    if not task.cancelled() and task.exception() is None:
        task.result().release()
