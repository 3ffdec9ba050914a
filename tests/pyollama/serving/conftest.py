"""Stores with small random models, made once for each file of tests."""

import pytest
import served

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
    served.add_model(store, "third", (folder / "m.gguf").read_bytes() + b"\0\0")
    return store
