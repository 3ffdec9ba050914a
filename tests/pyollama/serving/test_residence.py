"""How long a model stays in memory and with what context: environment, model, request."""

import time
from pathlib import Path

import pytest
import served

from pyollama.api import Duration
from pyollama.errors import NotFound
from pyollama.serving import Serving
from pyollama.serving.slot import Slot
from pyollama.settings import Settings
from pyollama.store import Store
from pyollama.store.manifests import Manifests, StoredManifest
from pyollama.store.names import Name, parse_name

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


def test_a_model_in_memory_is_read_again_only_when_it_has_changed(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, find = served.named_weights(tmp_path, "changing"), Manifests.find
    reads: list[Name] = []

    def noted(manifests: Manifests, name: Name) -> tuple[Name, StoredManifest]:
        reads.append(name)
        return find(manifests, name)

    monkeypatch.setattr(Manifests, "find", noted)

    def make(num_predict: int) -> None:
        served.add_model(store, "changing", data, parameters={"num_predict": num_predict})
        reads.clear()

    async def length(serving: Serving) -> int:
        call = served.generation("changing", options={"temperature": 0})
        return (await served.collect(serving, call))[-1].eval_count

    async def scenario(serving: Serving) -> list[int]:
        make(2)
        found = [await length(serving), await length(serving), len(reads)]
        make(4)
        found += [await length(serving), len(reads)]
        store.delete(parse_name("changing"))
        with pytest.raises(NotFound, match="model 'changing' not found"):
            await length(serving)
        return found

    assert served.run(store, scenario) == [2, 2, 1, 4, 1]
