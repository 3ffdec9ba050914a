"""A model that fails after a word: the official packages tell of it, as they cannot with Ollama."""

from collections.abc import Iterator

import pytest
from clients import run_python
from fake_serving import FakeServing
from thread_server import thread_server

from pyollama.errors import EngineError
from pyollama.settings import Settings
from pyollama.store import Store
from pyollama_http.app import create_app
from pyollama_http.parts import Parts

pytestmark = [pytest.mark.client, pytest.mark.slow]
FAILED = ["InternalServerError", "api_error", "the model broke"]


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    models = tmp_path_factory.mktemp("broken") / "models"
    serving = FakeServing()
    serving.script = ["Well", EngineError("the model broke")]
    parts = Parts(Settings(models=models), Store(models), serving)  # type: ignore[arg-type]
    with thread_server(models, lambda app: create_app(parts.settings, parts=parts)) as url:
        yield url


def test_openai_raises_what_the_stream_tells(url: str) -> None:
    seen = run_python("openai", "use_openai_broken.py", url)
    assert seen["at_once"] == [FAILED] * 3
    for call in ("chat", "completion"):
        assert seen[call] == [["Well"], ["APIError", "the model broke"]]
    assert seen["response"] == ["response.failed", "the model broke"]


def test_anthropic_raises_what_the_stream_tells(url: str) -> None:
    seen = run_python("anthropic", "use_anthropic_broken.py", url)
    assert seen["at_once"] == FAILED
    assert seen["message"][1:] == ["api_error", "the model broke"]
