"""OLLAMA_KV_CACHE_TYPE, from the settings to the pages of a loaded model and its size."""

from pathlib import Path

import pytest
import random_gguf
import served

from pyollama.serving import Serving
from pyollama.serving.loaded import kept_as
from pyollama.settings import KVCacheType
from pyollama.store import Store
from pyollama_formats.blocks import GGMLType


@pytest.fixture
def wide(tmp_path: Path) -> Store:
    """A store with a model whose heads are two blocks long, beside one of shorter heads."""
    store = served.new_store(tmp_path)
    path = random_gguf.write_random_model(tmp_path / "w.gguf", random_gguf.LLAMA, GGMLType.Q8_0)
    served.add_model(store, "wide", path.read_bytes())
    return store


def size_of(store: Store, name: str, type: KVCacheType) -> int:
    """The size that /api/ps tells of a model after it has answered."""

    async def scenario(serving: Serving) -> int:
        await served.text_of(serving, served.generation(name))
        (model,) = serving.running()
        return model.size

    return served.run(store, scenario, kv_cache_type=type, context_length=512)


def test_a_smaller_cache_is_told_by_the_size_of_the_model(wide: Store) -> None:
    f16, q8_0, q4_0 = (size_of(wide, "wide", type) for type in ("f16", "q8_0", "q4_0"))
    numbers = 512 * 2 * 2 * 2 * 64  # positions, keys and values, layers, heads
    assert f16 - q8_0 == numbers * 7.5 / 8
    assert f16 - q4_0 == numbers * 11.5 / 8


def test_a_model_of_short_heads_is_kept_in_halves(
    wide: Store, caplog: pytest.LogCaptureFixture
) -> None:
    assert size_of(wide, "small", "q4_0") == size_of(wide, "small", "f16")
    told = "OLLAMA_KV_CACHE_TYPE q4_0 needs heads of whole blocks of 32, not 16: using f16"
    assert [r.getMessage() for r in caplog.records if r.levelname == "WARNING"] == [told]


def test_heads_of_whole_blocks_are_kept_as_wanted() -> None:
    assert kept_as("q8_0", 96) == "q8_0"
    assert kept_as("q8_0", 80) == "f16"
    assert kept_as("f16", 80) == "f16"
