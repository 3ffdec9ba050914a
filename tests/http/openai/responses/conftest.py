"""A serving with an answer for each request, and the application with Ollama's flaws."""

from collections.abc import Iterator

import pytest
from fake_serving import FakeServing
from starlette.testclient import TestClient

from pyollama.api import ChatRequest, GenerateRequest, ResponseMessage, Steering
from pyollama.settings import Settings
from pyollama.store import Store
from pyollama_http.app import create_app
from pyollama_http.parts import Parts


class RepliesServing(FakeServing):
    """Answers by the next of the replies, as long as there are some."""

    def __init__(self) -> None:
        super().__init__()
        self.replies: list[list[str | ResponseMessage | Exception]] = []

    def _start(self, call: GenerateRequest | ChatRequest, steering: Steering | None) -> None:
        super()._start(call, steering)
        if self.replies:
            self.script = self.replies.pop(0)


@pytest.fixture
def serving() -> FakeServing:
    return RepliesServing()


@pytest.fixture
def strict(store: Store, serving: FakeServing) -> Iterator[TestClient]:
    settings = Settings.from_environ({"PYOLLAMA_PARITY": "strict"})
    parts = Parts(settings, store, serving)  # type: ignore[arg-type]
    with TestClient(create_app(settings, parts=parts), base_url="http://127.0.0.1:11434") as found:
        yield found
