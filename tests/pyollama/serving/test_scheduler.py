"""Models in memory: kept alive, evicted, reloaded; clients that leave."""

import asyncio
import threading
import time
from itertools import pairwise

import pytest
import served

from pyollama.api import FOREVER, Duration
from pyollama.serving import Serving
from pyollama.serving.slot import Slot
from pyollama.store import Store
from pyollama_tensor.cores import n_cores
from pyollama_tensor.threads import n_threads


def test_requests_at_once_share_one_load_and_give_the_same_text(store: Store) -> None:
    async def scenario(serving: Serving) -> list[str]:
        calls = [served.text_of(serving, served.generation()) for _ in range(4)]
        texts = await asyncio.gather(*calls)
        assert served.names(serving) == ["small:latest"]
        return list(texts)

    assert len(set(served.run(store, scenario, num_parallel=2))) == 1


def test_several_models_stay_in_memory_up_to_the_limit(store: Store) -> None:
    async def scenario(serving: Serving) -> list[list[str]]:
        seen = []
        for model in ("small", "other"):
            await served.text_of(serving, served.generation(model))
            seen.append(served.names(serving))
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


@pytest.mark.parametrize(("seconds", "goes"), [((10, 15), "small"), ((20, 15), "other")])
def test_the_idle_model_with_the_shortest_keep_alive_makes_room(
    wide_store: Store, seconds: tuple[int, int], goes: str
) -> None:
    async def scenario(serving: Serving) -> list[str]:
        for model, kept in zip(("small", "other"), seconds, strict=True):
            call = served.generation(model, keep_alive=Duration(kept * 10**9))
            await served.text_of(serving, call)
        await served.text_of(serving, served.generation("third"))
        return served.names(serving)

    stays = "other:latest" if goes == "small" else "small:latest"
    assert served.run(wide_store, scenario, max_loaded_models=2) == [stays, "third:latest"]


def test_a_busy_model_makes_room_only_after_its_request(
    wide_store: Store, gate: threading.Event
) -> None:
    async def scenario(serving: Serving) -> list[str]:
        order: list[str] = []

        async def ask(model: str) -> None:
            await served.text_of(serving, served.generation(model))
            order.append(model)

        gate.clear()
        events = await serving.generate(served.generation())
        (slot,) = serving.scheduler.slots.values()
        waiting = asyncio.ensure_future(ask("other"))
        await served.until(lambda: slot.is_leaving)
        again = asyncio.ensure_future(ask("small"))  # it may not keep its model busy
        await served.until(lambda: len(serving.scheduler.loads) == 2)
        assert served.names(serving) == ["small:latest"]
        gate.set()
        while not (await anext(events)).done:
            pass
        await asyncio.gather(waiting, again)
        return [*order, *served.names(serving)]

    expected = ["other", "small", "small:latest"]
    assert served.run(wide_store, scenario, max_loaded_models=1) == expected


def test_an_eviction_whose_client_leaves_is_called_off(
    wide_store: Store, gate: threading.Event
) -> None:
    async def scenario(serving: Serving) -> list[str]:
        gate.clear()
        events = await serving.generate(served.generation())
        waiting = asyncio.ensure_future(serving.generate(served.generation("other")))
        (slot,) = serving.scheduler.slots.values()
        await served.until(lambda: slot.is_leaving)
        waiting.cancel()
        await served.until(lambda: not slot.is_leaving)
        gate.set()
        await events.aclose()
        return served.names(serving)

    assert served.run(wide_store, scenario, max_loaded_models=1) == ["small:latest"]


def test_another_shift_reloads_and_a_default_one_is_the_same_as_true(store: Store) -> None:
    async def scenario(serving: Serving) -> list[bool]:
        slots: list[Slot] = []
        for shift in (None, True, False, False, None):
            await served.text_of(serving, served.generation(shift=shift))
            slots += serving.scheduler.slots.values()
        return [before is after for before, after in pairwise(slots)]

    assert served.run(store, scenario) == [True, False, True, False]


def test_an_answer_that_nobody_reads_gives_its_model_back(store: Store) -> None:
    async def scenario(serving: Serving) -> str:
        events = await serving.generate(served.generation())
        (slot,) = serving.scheduler.slots.values()
        await served.until(lambda: slot.n_users == 0)
        texts = [event.response async for event in events]  # it is all there still
        await events.aclose()
        assert slot.n_users == 0
        return "".join(texts)

    assert served.run(store, scenario)


def test_another_number_of_threads_reloads(store: Store) -> None:
    async def scenario(serving: Serving) -> list[int]:
        seen = []
        for options in ({}, {"num_thread": 1}, {"num_thread": 10**6}, {}):
            call = served.generation(options={**served.GREEDY, **options})
            await served.text_of(serving, call)
            seen.append(n_threads())
        return seen

    assert served.run(store, scenario) == [n_cores(), 1, n_cores(), n_cores()]


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


def test_closing_stops_every_runner(store: Store) -> None:
    before = threading.active_count()

    async def scenario(serving: Serving) -> None:
        for model in ("small", "other"):
            await served.text_of(serving, served.generation(model))

    served.run(store, scenario)
    runners = [thread for thread in threading.enumerate() if thread.name == "runner"]
    assert not runners
    assert threading.active_count() <= before + 8  # compute threads, kept for the next model


@pytest.mark.parametrize(
    ("name", "value"), [("presence_penalty", -1e39), ("repeat_penalty", 1e-46)]
)
def test_options_that_leave_nothing_to_draw_fail_one_answer_and_no_other(
    store: Store, name: str, value: float
) -> None:
    async def scenario(serving: Serving) -> list[str]:
        options = {**served.GREEDY, name: value}
        calls = [
            served.text_of(serving, served.generation(options=options)),
            served.text_of(serving, served.generation()),
        ]
        results = await asyncio.gather(*calls, return_exceptions=True)
        return [type(result).__name__ for result in results]

    names = served.run(store, scenario, num_parallel=2)
    assert names == ["EngineError", "str"]


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
