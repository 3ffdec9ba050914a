"""Models to test on, and the backends to compute them with."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import random_gguf

from pyollama.models.loader import Model, load_model
from pyollama_formats.blocks import GGMLType
from pyollama_formats.gguf import open_gguf
from pyollama_tensor import backend, compiled, ops, reference

RandomModel = Callable[[str, GGMLType], Path]
Load = Callable[[Path], Model]


@pytest.fixture(scope="session")
def random_model(tmp_path_factory: pytest.TempPathFactory) -> RandomModel:
    """Writes a random model of a named shape in one format, once per session."""
    folder = tmp_path_factory.mktemp("models")

    def write(shape: str, type: GGMLType) -> Path:
        path = folder / f"{shape}-{type.name}.gguf"
        if not path.exists():
            random_gguf.write_random_model(path, random_gguf.SHAPES[shape], type)
        return path

    return write


@pytest.fixture
def load() -> Iterator[Load]:
    """Loads a GGUF for the length of a test."""
    with ExitStack() as stack:
        yield lambda path: load_model(stack.enter_context(open_gguf(path)))


@pytest.fixture(params=[compiled, reference], ids=["numba", "numpy"])
def each_backend(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs a test twice: on the compiled kernels, and on their NumPy twins."""
    monkeypatch.setattr(backend, "backend", request.param)
    monkeypatch.setattr(ops, "backend", request.param)
