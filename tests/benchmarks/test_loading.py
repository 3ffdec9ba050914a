"""What loading takes: memory over file and keys and values."""

import os
from pathlib import Path

import loading
import pytest
import random_model
from figures import Goal


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "model.gguf"
    random_model.random_model(path, random_model.SHAPES["llama-2m"], "q4_k_m")
    return path


def test_a_token_in_the_cache_has_a_key_and_a_value_of_16_bits_in_each_layer(model: Path) -> None:
    shape = random_model.SHAPES["llama-2m"]
    n_value = shape.n_layer * shape.n_head_kv * shape.n_embd // shape.n_head
    assert loading.cached_bytes(model, 3) == 3 * n_value * 2 * 2


@pytest.mark.parametrize(("factor", "verdict"), [(1.0, "met"), (1.14, "met"), (1.2, "missed")])
def test_memory_is_judged_beside_the_file_and_the_cache(
    model: Path, factor: float, verdict: str
) -> None:
    needed = model.stat().st_size + loading.cached_bytes(model, 2)
    one = loading.Round(1.0, 1.0, int(factor * needed), 0, 5_000_000)
    figure = loading.held("rest", [one.rest] * 3, [one] * 3, model, Goal(1.1, "lower"))
    assert figure.ratio == pytest.approx(factor, rel=1e-4)
    assert figure.verdict == verdict
    assert "llama.cpp 5 MB" in figure.note


def test_memory_of_a_process_is_what_the_system_says() -> None:
    ours = loading.memory(os.getpid(), "VmRSS")
    assert 1 << 20 < ours <= loading.memory(os.getpid(), "VmHWM")
