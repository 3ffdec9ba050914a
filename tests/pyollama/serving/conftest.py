"""Stores with small random models, made once for each file of tests; engines that can be held."""

import threading
from collections.abc import Iterator

import pytest
import served

from pyollama.engine import Engine, Event
from pyollama.store import Store


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """The models small and other."""
    return served.new_store(tmp_path_factory.mktemp("store"))


@pytest.fixture(scope="module")
def wide_store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """The models small, other and third."""
    folder = tmp_path_factory.mktemp("wide")
    store = served.new_store(folder)
    served.add_model(store, "third", served.named_weights(folder, "third"))
    return store


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """While it is cleared, no engine begins a step."""
    event, step = threading.Event(), Engine.step
    event.set()

    def gated(engine: Engine) -> list[Event]:
        assert event.wait(60)
        return step(engine)

    monkeypatch.setattr(Engine, "step", gated)
    yield event
    event.set()
