"""An application over a real store in a temporary folder and a serving that is scripted."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fake_serving import FakeServing
from starlette.testclient import TestClient

from pyollama.settings import Settings
from pyollama.store import Store
from pyollama_http.app import create_app
from pyollama_http.parts import Parts


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "models")


@pytest.fixture
def serving() -> FakeServing:
    return FakeServing()


@pytest.fixture
def parts(store: Store, serving: FakeServing) -> Parts:
    return Parts(Settings(), store, serving)  # type: ignore[arg-type]


@pytest.fixture
def client(parts: Parts) -> Iterator[TestClient]:
    app = create_app(parts.settings, parts=parts, max_body=1 << 20)
    with TestClient(
        app,
        base_url="http://127.0.0.1:11434",
        follow_redirects=False,
        raise_server_exceptions=False,
    ) as client:
        yield client


@pytest.fixture
def strict(store: Store, serving: FakeServing) -> Iterator[TestClient]:
    """The application as it is when it shall be like Ollama, flaws included."""
    settings = Settings.from_environ({"PYOLLAMA_PARITY": "strict"})
    parts = Parts(settings, store, serving)  # type: ignore[arg-type]
    with TestClient(create_app(settings, parts=parts), base_url="http://127.0.0.1:11434") as found:
        yield found
