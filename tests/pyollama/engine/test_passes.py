"""Recorded passes give the logits of the pass as it is written, bit for bit."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import random_gguf

from pyollama.engine import passes as module
from pyollama.engine.passes import MOST_ROWS, Passes, only_decodes
from pyollama.models.loader import Model, load_model
from pyollama_formats.blocks import GGMLType
from pyollama_formats.gguf import open_gguf
from pyollama_tensor.batch import PAGE, Batch
from pyollama_tensor.recording import NotRecordable

N_TABLE = 4


def batch_of(positions: list[int], tokens: list[int]) -> Batch:
    """One row of each of some sequences; sequence s has the pages N_TABLE * s and so on."""
    n = len(positions)
    n_table = max(positions) // PAGE + 1
    tables = np.arange(n * N_TABLE, dtype=np.int32).reshape(n, N_TABLE)[:, :n_table]
    rows = np.arange(n, dtype=np.int32)
    return Batch(
        np.array(tokens, np.int32), None, np.array(positions, np.int32), rows, tables.copy(), rows
    )


def steps() -> Iterator[Batch]:
    """Sequences that begin apart, some of them going on over a page's end."""
    rng = np.random.default_rng(0)
    for n_row in (1, 3, 1, 2):
        for position in (0, 1, 31, 32, 33):
            yield batch_of([position] * n_row, rng.integers(0, 250, n_row).tolist())


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The numbers of rows of the passes that ran as they are written."""
    calls: list[int] = []
    forward = Model.forward

    def counting(self: Model, batch: Batch, cache: Any) -> Any:
        calls.append(batch.n_row)
        return forward(self, batch, cache)

    monkeypatch.setattr(Model, "forward", counting)
    return calls


@pytest.mark.slow
@pytest.mark.parametrize(
    ("shape", "type"),
    [
        ("llama", GGMLType.Q4_K),
        ("llama-biased", GGMLType.F16),
        ("llama-biased", GGMLType.Q6_K),
        ("qwen2-0.5b", GGMLType.Q5_0),
    ],
)
def test_replays_are_the_pass_as_it_is_written(
    shape: str, type: GGMLType, tmp_path: Path, counted: list[int]
) -> None:
    path = random_gguf.write_random_model(tmp_path / "m.gguf", random_gguf.SHAPES[shape], type)
    with open_gguf(path) as file:
        model = load_model(file)
        plain, recorded = model.new_cache(3 * N_TABLE), model.new_cache(3 * N_TABLE)
        passes = Passes(model, recorded, N_TABLE)
        for batch in steps():
            expected = model.forward(batch, plain).copy()
            counted.clear()
            np.testing.assert_array_equal(passes.forward(batch), expected)
        assert not counted  # the last passes were replays


def test_prompts_and_large_batches_run_as_they_are_written(
    model: Model, counted: list[int]
) -> None:
    zeros = np.zeros(2, np.int32)
    first = np.arange(2, dtype=np.int32)
    prompt = Batch(zeros, None, first, zeros, np.zeros((1, 1), np.int32), first[1:])
    assert not only_decodes(prompt)
    assert only_decodes(batch_of([0] * MOST_ROWS, [1] * MOST_ROWS))
    assert not only_decodes(batch_of([0] * (MOST_ROWS + 1), [1] * (MOST_ROWS + 1)))
    passes = Passes(model, model.new_cache(1), 1)
    for _ in range(3):
        passes.forward(prompt)
    assert counted == [2, 2, 2]


def test_what_cannot_be_recorded_runs_as_it_is_written(
    model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(run: Any, arena: Any) -> Any:
        raise NotRecordable("a copy")

    monkeypatch.setattr(module, "record", refuse)
    plain, cache = model.new_cache(N_TABLE), model.new_cache(N_TABLE)
    passes = Passes(model, cache, N_TABLE)
    for position in range(3):
        batch = batch_of([position], [7])
        np.testing.assert_array_equal(passes.forward(batch), model.forward(batch, plain))
