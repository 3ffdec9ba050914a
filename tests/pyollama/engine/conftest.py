"""The small random model that the engine's tests run."""

import pytest
import tiny_llama

from pyollama.models.loader import Model, load_model
from pyollama_formats.gguf import open_gguf


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    path = tiny_llama.write_model(tmp_path_factory.mktemp("model") / "m.gguf")
    with open_gguf(path) as file:
        return load_model(file)
