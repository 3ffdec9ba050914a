"""Many clients who leave whenever they like, and models that push each other out of memory."""

import asyncio
import random
import threading

import pytest
import served

from pyollama.api import Duration
from pyollama.serving import Serving
from pyollama.store import Store

N_CLIENT = 8
MODELS = ("small", "other", "third")


async def client(serving: Serving, seed: int, n_request: int) -> int:
    """Ask again and again, and leave at random moments; how many answers came to their end."""
    chance = random.Random(seed)
    n_ended = 0
    for _ in range(n_request):
        keep_alive = chance.choice([None, Duration(0), Duration(20_000_000), Duration(10**12)])
        options = {"temperature": 2.0, "num_predict": chance.randint(1, 60), "num_ctx": 256}
        call = served.generation(
            chance.choice(MODELS), "x" * chance.randint(1, 200), keep_alive=keep_alive,
            options=options, shift=chance.choice([None, None, False]),
        )  # fmt: skip
        patience = chance.choice([0.0, 0.002, 0.01, 0.05, 30.0])
        try:
            n_ended += bool(await asyncio.wait_for(served.collect(serving, call), patience))
        except TimeoutError:
            continue
    return n_ended


@pytest.mark.slow
@pytest.mark.parametrize("max_loaded", [1, 2])
def test_nothing_is_lost_when_clients_leave_at_random_moments(
    wide_store: Store, max_loaded: int
) -> None:
    async def scenario(serving: Serving) -> int:
        clients = [client(serving, seed, 40) for seed in range(N_CLIENT)]
        n_ended = sum(await asyncio.gather(*clients))
        scheduler = serving.scheduler
        await served.until(lambda: not scheduler.loads and not scheduler.unloads)
        assert not scheduler.queue.locked()
        assert len(scheduler.slots) <= max_loaded
        for slot in scheduler.slots.values():
            assert slot.loaded is not None
            assert (slot.n_users, slot.is_leaving) == (0, False)
            pool = slot.loaded.runner.engine.pool
            await served.until(lambda pool=pool: pool.n_free == pool.n_page)  # type: ignore[misc]
        text = await served.text_of(serving, served.generation())
        assert text
        return n_ended

    n_ended = served.run(
        wide_store, scenario, max_loaded_models=max_loaded, num_parallel=3, max_queue=100
    )
    assert n_ended > N_CLIENT
    assert not [thread for thread in threading.enumerate() if thread.name == "runner"]
