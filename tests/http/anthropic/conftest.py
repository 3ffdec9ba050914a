"""The application as it is when it shall be like Ollama, flaws included."""

from collections.abc import Iterator

import pytest
from fake_serving import FakeServing
from starlette.testclient import TestClient

from pyollama.settings import Settings
from pyollama.store import Store
from pyollama_http.app import create_app
from pyollama_http.parts import Parts


@pytest.fixture
def strict(store: Store, serving: FakeServing) -> Iterator[TestClient]:
    settings = Settings.from_environ({"PYOLLAMA_PARITY": "strict"})
    parts = Parts(settings, store, serving)  # type: ignore[arg-type]
    with TestClient(create_app(settings, parts=parts), base_url="http://127.0.0.1:11434") as found:
        yield found
