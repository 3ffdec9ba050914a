"""The queue for the loader, and loads that take long, stand still or find no memory."""

import asyncio
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import served

from pyollama.api import FOREVER, Duration
from pyollama.errors import EngineError, ServerBusy
from pyollama.serving import Serving, loading, scheduler
from pyollama.serving.loaded import LoadedModel, OutOfMemory, Progress, load
from pyollama.store import Store


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Loading does not go on until this is set."""
    gate = threading.Event()

    def slow_load(*args: Any) -> LoadedModel:
        assert gate.wait(30)
        return load(*args)

    monkeypatch.setattr(scheduler, "load", slow_load)
    yield gate
    gate.set()


def test_the_time_without_progress_counts_from_the_last_progress(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    watch = loading.Watch()
    now = 104.0
    assert watch.seconds_left(5 * 10**9) == 1
    watch(1, 2)
    assert watch.seconds_left(5 * 10**9) == 5
    assert watch.seconds_left(FOREVER) is None


def test_too_many_waiting_requests_are_turned_away(store: Store, gate: threading.Event) -> None:
    async def scenario(serving: Serving) -> list[str]:
        calls = [served.text_of(serving, served.generation()) for _ in range(4)]
        tasks = [asyncio.ensure_future(call) for call in calls]
        await served.until(lambda: sum(task.done() for task in tasks) == 2)
        gate.set()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        return sorted(type(result).__name__ for result in results)

    busy = ServerBusy.__name__  # one loads, one waits
    assert served.run(store, scenario, max_queue=1) == [busy, busy, "str", "str"]


def test_requests_for_a_loaded_model_pass_by_a_full_queue(
    store: Store, gate: threading.Event
) -> None:
    async def scenario(serving: Serving) -> int:
        gate.set()
        await served.text_of(serving, served.generation())
        gate.clear()
        waiting = asyncio.ensure_future(served.text_of(serving, served.generation("other")))
        await served.until(lambda: len(serving.scheduler.slots) == 2)
        with pytest.raises(ServerBusy, match=r"try again\.  maximum pending"):
            await served.text_of(serving, served.generation("other"))
        texts = [served.text_of(serving, served.generation()) for _ in range(4)]
        answered = len(await asyncio.gather(*texts))
        gate.set()
        await waiting
        return answered

    assert served.run(store, scenario, max_queue=0) == 4


def test_a_model_that_is_loading_is_listed_with_its_context_and_its_time(
    store: Store, gate: threading.Event
) -> None:
    async def scenario(serving: Serving) -> None:
        hour = Duration(3600 * 10**9)
        call = served.generation(keep_alive=hour, options={**served.GREEDY, "num_ctx": 300})
        task = asyncio.ensure_future(served.text_of(serving, call))
        await served.until(serving.running)
        (listed,) = serving.running()
        assert (listed.name, listed.context_length) == ("small:latest", 300)
        assert listed.expires_at > time.time_ns() + 3500 * 10**9
        gate.set()
        await task

    served.run(store, scenario)


def test_a_client_that_leaves_the_queue_is_forgotten(store: Store, gate: threading.Event) -> None:
    async def scenario(serving: Serving) -> list[str]:
        loading = asyncio.ensure_future(served.text_of(serving, served.generation()))
        await served.until(lambda: serving.scheduler.slots)
        waiting = asyncio.ensure_future(serving.generate(served.generation("other")))
        await served.until(lambda: len(serving.scheduler.loads) == 2)
        waiting.cancel()
        await served.until(lambda: len(serving.scheduler.loads) == 1)
        gate.set()
        await loading
        return served.names(serving)

    assert served.run(store, scenario) == ["small:latest"]


def test_loading_that_stands_still_is_given_up(store: Store, gate: threading.Event) -> None:
    async def scenario(serving: Serving) -> list[str]:
        with pytest.raises(EngineError, match="timed out waiting for llama-server to start"):
            await served.text_of(serving, served.generation())
        left = served.names(serving)
        gate.set()
        return [*left, await served.text_of(serving, served.generation("other"))]

    (text,) = served.run(store, scenario, load_timeout=50_000_000)
    assert text


def test_a_load_that_was_given_up_stops_at_its_next_progress(store: Store) -> None:
    ended = threading.Event()
    go_on = threading.Event()

    def standing_still(progress: Progress) -> LoadedModel:
        go_on.wait(30)
        try:
            progress(1, 2)
        finally:
            ended.set()
        raise AssertionError("not reached")

    async def scenario() -> bool:
        with pytest.raises(EngineError, match="no progress"):
            await loading.watched(standing_still, 20_000_000)
        go_on.set()
        return await asyncio.to_thread(ended.wait, 30)

    assert asyncio.run(scenario())


def test_short_memory_unloads_the_others_and_loads_once_more(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    n_loaded = 0

    def load_alone(*args: Any) -> LoadedModel:
        nonlocal n_loaded
        n_loaded += 1
        if n_loaded == 2:
            raise OutOfMemory("no room")
        return load(*args)

    monkeypatch.setattr(scheduler, "load", load_alone)

    async def scenario(serving: Serving) -> list[str]:
        await served.text_of(serving, served.generation())
        await served.text_of(serving, served.generation("other"))
        return served.names(serving)

    assert served.run(store, scenario) == ["other:latest"]
    assert n_loaded == 3


def test_short_memory_with_nothing_to_unload_is_an_error(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*args: Any) -> LoadedModel:
        raise OutOfMemory("no room")

    monkeypatch.setattr(scheduler, "load", never)
    with pytest.raises(EngineError, match="no room"):
        served.run(store, lambda serving: served.text_of(serving, served.generation()))


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
