"""Which models are in memory: loading on demand, keep_alive, room for several, unloading.

It belongs to the event loop: its methods are called there, and only loading itself runs in a
thread. Runners are keyed by the path of the weights, so that two names of one model share one.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from pyollama.api import FOREVER
from pyollama.errors import EngineError, PyollamaError, ServerBusy
from pyollama.serving.loaded import DEFAULT_CONTEXT, LoadedModel, RunnerOptions, load
from pyollama.settings import Settings
from pyollama.store import StoredModel

DEFAULT_MAX_LOADED = 3
BUSY = "server busy, please try again.  maximum pending requests exceeded"

logger = logging.getLogger(__name__)


@dataclass(eq=False)
class Slot:
    """A place for one model: loading, in use, or idle until its time is up."""

    path: str
    stored: StoredModel
    options: RunnerOptions
    keep_alive: int  # nanoseconds
    expires_at: int  # nanoseconds since 1970; fixed anew each time the model goes idle
    loaded: LoadedModel | None = None  # None while it is being loaded
    n_users: int = 0
    timer: asyncio.TimerHandle | None = None

    def stop_timer(self) -> None:
        """The model is needed, or gone."""
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None


class Lease:
    """The right to use a loaded model, until it is released."""

    def __init__(self, slot: Slot, loaded: LoadedModel, release: Callable[[Slot], None]) -> None:
        self.slot = slot
        self.loaded = loaded
        self._release: Callable[[Slot], None] | None = release

    def release(self) -> None:
        """Give the model back; a second call does nothing."""
        release, self._release = self._release, None
        if release is not None:
            release(self.slot)


class Scheduler:
    """The models in memory, and the queue of requests that wait for one to be loaded."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.slots: dict[str, Slot] = {}
        self.queue = asyncio.Lock()  # loads happen one at a time, in order of arrival
        self.n_waiting = 0
        self.idle = asyncio.Event()  # set whenever a model goes idle or away
        self.loads: set[asyncio.Task[Lease]] = set()

    async def acquire(
        self, stored: StoredModel, options: RunnerOptions, keep_alive: int | None
    ) -> Lease:
        """A lease on the model, loaded first if need be.

        Raises ServerBusy if too many requests wait already, and what loading raises.
        """
        slot = self._usable(stored, options)
        if slot is None:
            return await self._wait_for_load(stored, options, keep_alive)
        return self._lease(slot, keep_alive)

    def unload(self, stored: StoredModel) -> None:
        """Let a model go as soon as nobody uses it."""
        slot = self.slots.get(str(stored.model_path))
        if slot is not None:
            slot.keep_alive = 0
            self._go_idle(slot)

    async def close(self) -> None:
        """Unload everything."""
        for task in list(self.loads):
            task.cancel()
        for slot in list(self.slots.values()):
            self._remove(slot)

    def _usable(self, stored: StoredModel, options: RunnerOptions) -> Slot | None:
        """The slot of a loaded model whose runner has these options, automatic or in effect."""
        slot = self.slots.get(str(stored.model_path))
        if slot is None or slot.loaded is None:
            return None
        in_effect = slot.loaded.context_for(options, self._default_context)
        same_context = slot.options.num_ctx == options.num_ctx or in_effect == slot.loaded.num_ctx
        same_rest = (slot.options.num_batch, slot.options.shift) == (
            options.num_batch,
            options.shift,
        )
        return slot if same_context and same_rest else None

    def _lease(self, slot: Slot, keep_alive: int | None) -> Lease:
        assert slot.loaded is not None
        if keep_alive is not None:
            slot.keep_alive = keep_alive
        slot.stop_timer()
        slot.n_users += 1
        return Lease(slot, slot.loaded, self._release)

    @property
    def _default_context(self) -> int:
        return self.settings.context_length or DEFAULT_CONTEXT

    async def _wait_for_load(
        self, stored: StoredModel, options: RunnerOptions, keep_alive: int | None
    ) -> Lease:
        """Queue for the loader. The load goes on if the client leaves: others may want it."""
        if self.n_waiting >= self.settings.max_queue:
            raise ServerBusy(BUSY)
        self.n_waiting += 1
        try:
            task = asyncio.ensure_future(self._load_in_turn(stored, options, keep_alive))
            self.loads.add(task)
            task.add_done_callback(self.loads.discard)
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            task.add_done_callback(release_unclaimed)
            raise
        finally:
            self.n_waiting -= 1

    async def _load_in_turn(
        self, stored: StoredModel, options: RunnerOptions, keep_alive: int | None
    ) -> Lease:
        async with self.queue:
            slot = self._usable(stored, options)
            if slot is None:
                await self._make_room(str(stored.model_path))
                slot = await self._load(stored, options)
            return self._lease(slot, keep_alive)

    async def _load(self, stored: StoredModel, options: RunnerOptions) -> Slot:
        keep_alive = self.settings.keep_alive
        expires_at = min(time.time_ns() + keep_alive, FOREVER)
        slot = Slot(str(stored.model_path), stored, options, keep_alive, expires_at)
        self.slots[slot.path] = slot
        started = time.monotonic()
        try:
            slot.loaded = await asyncio.to_thread(load, slot.path, options, self._default_context)
        except BaseException as error:
            del self.slots[slot.path]
            if isinstance(error, PyollamaError | asyncio.CancelledError):
                raise
            raise EngineError(f"unable to load model: {error}") from error
        logger.info("loaded %s in %.2f s", stored.name.short, time.monotonic() - started)
        return slot

    async def _make_room(self, path: str) -> None:
        """Unload a runner of this very model with other options, or the one that matters least."""
        limit = self.settings.max_loaded_models or DEFAULT_MAX_LOADED
        while path in self.slots or len(self.slots) >= limit:
            slot = self.slots.get(path) or self._least_needed()
            if slot.n_users == 0:
                self._remove(slot)
                continue
            slot.keep_alive = 0  # it goes as soon as its requests have ended
            self.idle.clear()
            await self.idle.wait()

    def _least_needed(self) -> Slot:
        """An idle model before a busy one, then the shortest keep_alive, then by path."""
        return min(self.slots.values(), key=lambda s: (s.n_users > 0, s.keep_alive, s.path))

    def _release(self, slot: Slot) -> None:
        slot.n_users -= 1
        self._go_idle(slot)

    def _go_idle(self, slot: Slot) -> None:
        """Start the keep_alive timer of a model that nobody uses."""
        if slot.n_users > 0 or self.slots.get(slot.path) is not slot:
            return
        slot.stop_timer()
        slot.expires_at = min(time.time_ns() + slot.keep_alive, FOREVER)
        self.idle.set()
        if slot.keep_alive == 0:
            self._expire(slot)
        elif slot.keep_alive < FOREVER:
            seconds = slot.keep_alive / 1e9
            slot.timer = asyncio.get_running_loop().call_later(seconds, self._expire, slot)

    def _expire(self, slot: Slot) -> None:
        if slot.n_users == 0 and slot.loaded is not None:
            self._remove(slot)

    def _remove(self, slot: Slot) -> None:
        slot.stop_timer()
        self.slots.pop(slot.path, None)
        self.idle.set()
        if slot.loaded is not None:
            slot.loaded.unload()
            slot.loaded = None


def release_unclaimed(task: asyncio.Task[Lease]) -> None:
    """Give back the lease of a load whose client has left in the meantime."""
    if not task.cancelled() and task.exception() is None:
        task.result().release()
