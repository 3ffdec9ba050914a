"""What an engine needs to move cached keys to other positions (a context shift): ``Model.rope``."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_llama

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

Load = Callable[[Mapping[str, Any]], Model]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    def load_changed(changes: Mapping[str, Any]) -> Model:
        path = tiny_llama.write_model(tmp_path / "m.gguf", tiny_llama.metadata(**changes))
        with open_gguf(path) as file:
            return load_model(file)

    return load_changed


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


@pytest.mark.parametrize("changes", [{}, YARN, {"llama__rope__dimension_count": 8}])
@pytest.mark.parametrize("moved", [-9, 6])
def test_a_cached_key_rotated_by_n_more_positions_is_the_key_of_that_place(
    load: Load, changes: Mapping[str, Any], moved: int
) -> None:
    model = load(changes)
    assert model.rope is not None
    turn = replace(model.rope, magnitude=1.0)
    turned = rope(first_keys(model, 10), np.full(len(TOKENS), moved, np.int32), turn)
    np.testing.assert_allclose(turned, first_keys(model, 10 + moved), rtol=1e-4, atol=1e-5)
