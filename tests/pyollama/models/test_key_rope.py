"""What an engine needs to move cached keys to other positions (a context shift): ``Model.rope``."""

from pathlib import Path

import numpy as np
import pytest
import tiny_llama
import tiny_qwen2

from pyollama.models.loader import Model, load_model
from pyollama_formats.gguf import open_gguf
from pyollama_tensor.batch import Batch
from pyollama_tensor.ops import rope
from pyollama_tensor.reference import read_pages
from pyollama_tensor.types import F32

TOKENS = np.arange(40, 45, dtype=np.int32)
YARN = {
    "llama__rope__scaling__type": "yarn",
    "llama__rope__scaling__factor": 4.0,
    "llama__rope__scaling__original_context_length": 128,
}
PARTIAL = {"llama__rope__dimension_count": 8}
MODELS = {
    "llama": (tiny_llama.metadata(), tiny_llama.weights()),
    "llama, yarn": (tiny_llama.metadata(**YARN), tiny_llama.weights()),
    "llama, half of each head": (tiny_llama.metadata(**PARTIAL), tiny_llama.weights()),
    "qwen2": (tiny_qwen2.metadata(), tiny_qwen2.weights()),
}


@pytest.fixture(params=MODELS)
def model(request: pytest.FixtureRequest, tmp_path: Path) -> Model:
    path = tiny_llama.write_model(tmp_path / "m.gguf", *MODELS[request.param])
    with open_gguf(path) as file:
        return load_model(file)


def first_keys(model: Model, start: int) -> F32:
    """The keys of the first layer, which no context changes, from position start: (T, K, E)."""
    n = len(TOKENS)
    positions = np.arange(start, start + n, dtype=np.int32)
    zeros = np.zeros(n, np.int32)
    batch = Batch(TOKENS, None, positions, zeros, np.zeros((1, 1), np.int32), zeros[:0])
    cache = model.new_cache(1, "f32")
    model.forward(batch, cache)
    keys, _ = read_pages(cache.layers[0], batch.tables[0], start + n)
    return keys[start:]


@pytest.mark.parametrize("moved", [-9, 6])
def test_a_cached_key_rotated_by_n_more_positions_is_the_key_of_that_place(
    model: Model, moved: int
) -> None:
    assert model.rope is not None
    by = np.full(len(TOKENS), moved, np.int32)
    turned = rope(first_keys(model, 10), by, model.rope.further())
    np.testing.assert_allclose(turned, first_keys(model, 10 + moved), rtol=1e-4, atol=1e-5)
