"""An application that serves a store as a registry, with the model m in it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from offered import WEIGHTS, offer
from starlette.testclient import TestClient

from pyollama.settings import Settings
from pyollama.store import Store
from pyollama_http.app import create_app


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store(tmp_path / "models")
    offer(store, "m", WEIGHTS, b"a system message")
    return store


@pytest.fixture
def client(store: Store) -> Iterator[TestClient]:
    app = create_app(Settings(models=store.root, serve_registry=True))
    with TestClient(app, base_url="http://127.0.0.1:11434", follow_redirects=False) as client:
        yield client
