"""How long a model stays in memory and with what context: environment, model, request."""

import time
from pathlib import Path

import pytest
import served

from pyollama.api import Duration
from pyollama.serving import Serving
from pyollama.serving.slot import Slot
from pyollama.settings import Settings
from pyollama.store import Store

MINUTE = 60 * 10**9  # nanoseconds


@pytest.fixture(scope="module")
def wishful_store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """The models small and other, and wishful, which asks for a context of 256 itself."""
    folder: Path = tmp_path_factory.mktemp("wishful")
    store = served.new_store(folder)
    data = served.named_weights(folder, "wishful")
    served.add_model(store, "wishful", data, parameters={"num_ctx": 256})
    return store


def test_a_time_that_was_asked_for_holds_for_later_requests(store: Store) -> None:
    async def scenario(serving: Serving) -> list[int]:
        left = []
        for keep_alive in (None, Duration(10 * MINUTE), None, Duration(7 * MINUTE)):
            await served.text_of(serving, served.generation(keep_alive=keep_alive))
            (model,) = serving.running()
            left.append(round((model.expires_at - time.time_ns()) / MINUTE))
        return left

    assert served.run(store, scenario) == [5, 10, 10, 7]


@pytest.mark.parametrize(
    ("model", "num_ctx", "context"),
    [("small", None, 128), ("wishful", None, 256), ("wishful", 64, 64), ("small", 64, 64)],
)
def test_the_request_beats_the_model_and_the_model_the_environment(
    wishful_store: Store, model: str, num_ctx: int | None, context: int
) -> None:
    async def scenario(serving: Serving) -> int:
        options = {**served.GREEDY, **({"num_ctx": num_ctx} if num_ctx else {})}
        await served.text_of(serving, served.generation(model, options=options))
        return serving.running()[0].context_length

    length = Settings.from_environ({"OLLAMA_CONTEXT_LENGTH": "128"}).context_length
    assert served.run(wishful_store, scenario, context_length=length) == context


def test_options_of_sampling_load_nothing_anew(store: Store) -> None:
    async def scenario(serving: Serving) -> int:
        loads: set[Slot] = set()
        for options in ({}, {"temperature": 1.5}, {"seed": 7, "top_k": 1}, {"stop": ["x"]}):
            await served.text_of(serving, served.generation(options={"num_predict": 2, **options}))
            loads.update(serving.scheduler.slots.values())
        return len(loads)

    assert served.run(store, scenario) == 1
