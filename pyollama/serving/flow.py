"""The way of a request through serving, the same for every endpoint that generates.

Find the model, check, load, build the prompt, start. The order is Ollama's, because a client sees
which of several mistakes is reported. What differs between endpoints is an ``Endpoint``.
"""

import asyncio
import time
from collections.abc import Mapping
from typing import Any, TypeVar

from pyollama.api import Steering
from pyollama.sampling import Options
from pyollama.serving.answer import Clock, Single
from pyollama.serving.checks import find_model, require_top_logprobs, still_stored
from pyollama.serving.endpoint import Endpoint
from pyollama.serving.limits import all_options, runner_options
from pyollama.serving.run import Events, Run
from pyollama.serving.scheduler import Scheduler
from pyollama.store import Store, StoredModel

R = TypeVar("R")
MANY = 100  # options

Checked = tuple[StoredModel, bool, Options]
"""A model, whether its answer may think, and the options of a request."""


async def answer(
    store: Store, scheduler: Scheduler, endpoint: Endpoint[R], steering: Steering
) -> Events[R]:
    """Every check of a request in Ollama's order, then its answer's events."""
    arrived = time.perf_counter_ns()
    call = endpoint.call
    require_top_logprobs(call)
    endpoint.require_name()
    if endpoint.is_empty and call.keep_alive == 0:
        scheduler.unload(await asyncio.to_thread(find_model, store, call.model))
        return Single(endpoint.bare("unload"))
    stored, thinks, options = await _looked_up(store, scheduler, endpoint)
    wanted = runner_options(options, call.shift, stored, scheduler.settings)
    lease = await scheduler.acquire(stored, wanted, call.keep_alive)
    clock = Clock(arrived, time.perf_counter_ns())
    strict = scheduler.settings.strict_context
    run = Run(endpoint, stored, lease, options, clock, steering, strict=strict)
    try:
        return await run.begin(thinks)
    except BaseException:
        lease.release()
        raise


async def _looked_up(store: Store, scheduler: Scheduler, endpoint: Endpoint[R]) -> Checked:
    """What is to be known of the model, read from the disk unless it is in memory.

    An errand of a worker thread costs some tenths of a millisecond, so what is known is checked
    here; but options without number are not for the event loop.
    """
    known = still_stored(store, endpoint.call.model, scheduler.models)
    if known is not None and n_option(endpoint.call.options) < MANY:
        return _checked(known, endpoint)
    return await asyncio.to_thread(_found, store, endpoint)


def _found(store: Store, endpoint: Endpoint[R]) -> Checked:
    return _checked(find_model(store, endpoint.call.model), endpoint)


def _checked(stored: StoredModel, endpoint: Endpoint[R]) -> Checked:
    return stored, endpoint.check(stored), all_options(stored, endpoint.call)


def n_option(options: Mapping[str, Any]) -> int:
    """How many options there are, each stop string counted."""
    stop = options.get("stop")
    return len(options) + (len(stop) if isinstance(stop, list) else 0)
