"""A place in memory for one model, and the right to use what is in it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from pyollama.serving.loaded import LoadedModel, RunnerOptions, context_size
from pyollama.store import StoredModel


@dataclass(eq=False)
class Slot:
    """A place for one model: loading, in use, or idle until its time is up."""

    stored: StoredModel
    options: RunnerOptions
    default_context: int  # for options that do not say
    keep_alive: int  # nanoseconds
    expires_at: int  # nanoseconds since 1970; fixed anew each time the model goes idle
    loaded: LoadedModel | None = None  # None while it is being loaded
    n_users: int = 0
    is_leaving: bool = False  # makes room as soon as its requests have ended; takes no new ones
    gone: asyncio.Event = field(default_factory=asyncio.Event)  # set when its memory is free
    timer: asyncio.TimerHandle | None = None

    @property
    def path(self) -> str:
        """The file of the weights, which two names may share."""
        return str(self.stored.model_path)

    @property
    def num_ctx(self) -> int:
        """The context of one request, the same while the model is being loaded."""
        if self.loaded is not None:
            return self.loaded.num_ctx
        wanted = self.options.num_ctx or self.default_context
        facts = self.stored.facts
        return context_size(wanted, facts.context_length if facts else wanted)

    def serves(self, options: RunnerOptions) -> bool:
        """Whether a request that wants these options can use what is loaded.

        A context that nobody asked for is like any other of the same size.
        """
        if self.loaded is None or self.is_leaving:
            return False
        in_effect = self.loaded.context_for(options, self.default_context)
        same_context = self.options.num_ctx == options.num_ctx or in_effect == self.loaded.num_ctx
        mine, wanted = self.options, options
        same_work = (mine.num_batch, mine.num_thread) == (wanted.num_batch, wanted.num_thread)
        return same_context and same_work and mine.shift == wanted.shift

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
