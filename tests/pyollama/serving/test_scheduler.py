"""Models in memory: loaded on demand, kept alive, evicted, reloaded; clients that leave."""

import asyncio
import threading
import time
from typing import Any

import pytest
import served

from pyollama.api import FOREVER, Duration
from pyollama.errors import ServerBusy
from pyollama.serving import Serving, scheduler
from pyollama.serving.loaded import LoadedModel, load
from pyollama.store import Store


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return served.new_store(tmp_path_factory.mktemp("store"))


def names(serving: Serving) -> list[str]:
    return sorted(model.name for model in serving.running())


def test_requests_at_once_share_one_load_and_give_the_same_text(store: Store) -> None:
    async def scenario(serving: Serving) -> list[str]:
        calls = [served.text_of(serving, served.generation()) for _ in range(4)]
        texts = await asyncio.gather(*calls)
        assert names(serving) == ["small:latest"]
        return list(texts)

    assert len(set(served.run(store, scenario, num_parallel=2))) == 1


def test_several_models_stay_in_memory_up_to_the_limit(store: Store) -> None:
    async def scenario(serving: Serving) -> list[list[str]]:
        seen = []
        for model in ("small", "other"):
            await served.text_of(serving, served.generation(model))
            seen.append(names(serving))
        return seen

    both = ["other:latest", "small:latest"]
    assert served.run(store, scenario) == [["small:latest"], both]
    assert served.run(store, scenario, max_loaded_models=1) == [["small:latest"], ["other:latest"]]


def test_a_model_goes_when_its_time_is_up(store: Store) -> None:
    async def scenario(serving: Serving) -> list[int]:
        call = served.generation(keep_alive=Duration(50_000_000))
        await served.text_of(serving, call)
        before = len(serving.running())
        await asyncio.sleep(0.2)
        return [before, len(serving.running())]

    assert served.run(store, scenario) == [1, 0]


def test_keep_alive_zero_answers_and_then_unloads(store: Store) -> None:
    async def scenario(serving: Serving) -> tuple[str, int]:
        text = await served.text_of(serving, served.generation(keep_alive=Duration(0)))
        return text, len(serving.running())

    text, n_running = served.run(store, scenario)
    assert text
    assert n_running == 0


def test_a_model_kept_for_ever_has_no_timer_and_a_far_end(store: Store) -> None:
    async def scenario(serving: Serving) -> int:
        await served.text_of(serving, served.generation(keep_alive=FOREVER))
        (slot,) = serving.scheduler.slots.values()
        assert slot.timer is None
        return serving.running()[0].expires_at

    assert served.run(store, scenario) == FOREVER


def test_another_context_size_reloads_and_the_same_one_does_not(store: Store) -> None:
    async def scenario(serving: Serving) -> list[int]:
        sizes, loads = [], []
        for num_ctx in (None, 512, 128, 128, 9999):  # the model was trained for 512
            options = dict(served.GREEDY) | ({"num_ctx": num_ctx} if num_ctx else {})
            await served.text_of(serving, served.generation(options=options))
            (slot,) = serving.scheduler.slots.values()
            sizes.append(serving.running()[0].context_length)
            loads.append(id(slot))
        assert loads[0] == loads[1] != loads[2] == loads[3] != loads[4]
        return sizes

    assert served.run(store, scenario) == [512, 512, 128, 128, 512]


def test_too_many_waiting_requests_are_turned_away(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = threading.Event()

    def slow_load(*args: Any) -> LoadedModel:
        assert gate.wait(30)
        return load(*args)

    monkeypatch.setattr(scheduler, "load", slow_load)

    async def scenario(serving: Serving) -> list[str]:
        calls = [served.text_of(serving, served.generation()) for _ in range(3)]
        tasks = [asyncio.ensure_future(call) for call in calls]
        while sum(task.done() for task in tasks) < 2:
            await asyncio.sleep(0.01)
        gate.set()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        return sorted(type(result).__name__ for result in results)

    busy = ServerBusy.__name__
    assert served.run(store, scenario, max_queue=1) == [busy, busy, "str"]


def test_a_client_that_leaves_frees_its_pages(store: Store) -> None:
    async def scenario(serving: Serving) -> None:
        options = {"temperature": 0, "num_predict": 400}
        events = await serving.generate(served.generation(options=options))
        await anext(events)
        await events.aclose()
        (slot,) = serving.scheduler.slots.values()
        assert slot.loaded is not None
        pool = slot.loaded.runner.engine.pool
        deadline = time.monotonic() + 5
        while pool.n_free < pool.n_page and time.monotonic() < deadline:
            await asyncio.sleep(0.01)
        assert pool.n_free == pool.n_page
        assert slot.n_users == 0

    served.run(store, scenario)


def test_an_answer_that_nobody_reads_can_be_closed(store: Store) -> None:
    async def scenario(serving: Serving) -> int:
        events = await serving.generate(served.generation())
        await events.aclose()
        return sum(slot.n_users for slot in serving.scheduler.slots.values())

    assert served.run(store, scenario) == 0


def test_a_client_that_leaves_while_loading_leaves_the_model_idle(store: Store) -> None:
    async def scenario(serving: Serving) -> tuple[int, str]:
        leaving = asyncio.ensure_future(serving.generate(served.generation()))
        while not serving.scheduler.slots:
            await asyncio.sleep(0)
        leaving.cancel()
        await asyncio.wait({leaving})
        text = await served.text_of(serving, served.generation())
        return sum(slot.n_users for slot in serving.scheduler.slots.values()), text

    n_users, text = served.run(store, scenario)
    assert n_users == 0
    assert text


def test_closing_stops_every_runner(store: Store) -> None:
    before = threading.active_count()

    async def scenario(serving: Serving) -> None:
        for model in ("small", "other"):
            await served.text_of(serving, served.generation(model))

    served.run(store, scenario)
    runners = [thread for thread in threading.enumerate() if thread.name == "runner"]
    assert not runners
    assert threading.active_count() <= before + 8  # compute threads, kept for the next model


def test_a_failing_engine_ends_its_answers_and_serves_the_next(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(serving: Serving) -> str:
        await served.text_of(serving, served.generation())
        (slot,) = serving.scheduler.slots.values()
        assert slot.loaded is not None
        engine = slot.loaded.runner.engine

        def broken() -> None:
            raise RuntimeError("out of luck")

        with monkeypatch.context() as patch:
            patch.setattr(engine, "step", broken)
            with pytest.raises(Exception, match="while running the model: out of luck"):
                await served.text_of(serving, served.generation())
        assert engine.pool.n_free == engine.pool.n_page
        return await served.text_of(serving, served.generation())

    assert served.run(store, scenario)
