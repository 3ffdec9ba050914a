"""The way of a request through serving, the same for every endpoint that generates.

Find the model, check, load, build the prompt, start. The order is Ollama's, because a client sees
which of several mistakes is reported. What differs between endpoints is an ``Endpoint``.
"""

import asyncio
import time
from typing import TypeVar

from pyollama.api import Steering
from pyollama.sampling import Options
from pyollama.serving.answer import Clock, Single
from pyollama.serving.checks import find_model, require_top_logprobs
from pyollama.serving.endpoint import Endpoint
from pyollama.serving.limits import all_options, runner_options
from pyollama.serving.run import Events, Run
from pyollama.serving.scheduler import Scheduler
from pyollama.store import Store, StoredModel

R = TypeVar("R")


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
    stored, thinks, options = await asyncio.to_thread(_checked, store, endpoint)
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


def _checked(store: Store, endpoint: Endpoint[R]) -> tuple[StoredModel, bool, Options]:
    """The model, whether its answer may think, and the options: what is read from the disk.

    All in one errand of a worker thread, each of which costs some tenths of a millisecond.
    """
    stored = find_model(store, endpoint.call.model)
    return stored, endpoint.check(stored), all_options(stored, endpoint.call)
