"""The benchmark measures two programs in turns, on a model that this project loads and runs."""

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import compare
import numpy as np
import pytest
import random_model

from pyollama.models.loader import load_model
from pyollama_formats.gguf.reader import open_gguf
from pyollama_tensor.batch import Batch


class Scripted:
    """A peer that takes a given time for each call, and notes what it is asked."""

    def __init__(self, seconds: float, log: list[str]) -> None:
        self.seconds, self.log = seconds, log

    def rewind(self, n: int) -> None:
        self.log.append(f"rewind {n}")

    def feed(self, ids: Sequence[int]) -> float:
        self.log.append(f"{self.seconds}: {len(ids)}")
        return self.seconds


def test_the_two_are_measured_in_turns_and_the_first_round_is_thrown_away() -> None:
    log: list[str] = []
    ours, theirs = Scripted(2.0, log), Scripted(3.0, log)
    row = compare.interleaved("n", lambda peer: peer.feed([1]), ours, theirs, rounds=2)
    assert log == ["3.0: 1", "2.0: 1", "2.0: 1", "3.0: 1", "3.0: 1", "2.0: 1"]
    assert row.ratio == 1.5
    assert "ratio 1.50" in compare.line(row)


def test_decoding_is_one_token_at_a_time_behind_the_context() -> None:
    log: list[str] = []
    assert compare.decode(Scripted(0.5, log), 3) == 0.5
    assert log == ["rewind 128", "0.5: 1", "0.5: 1", "0.5: 1"]


def test_prefill_is_one_batch() -> None:
    log: list[str] = []
    assert compare.prefill(Scripted(1.0, log)) == 1 / 512
    assert log == ["rewind 0", "1.0: 512"]


@pytest.mark.slow
@pytest.mark.parametrize("mix", random_model.TYPES)
def test_a_model_of_random_weights_runs(mix: str, tmp_path: Path) -> None:
    path = tmp_path / "random.gguf"
    random_model.random_model(path, random_model.SHAPES["llama-2m"], mix)
    zero = np.zeros(1, np.int32)
    batch = Batch(np.full(1, 65, np.int32), None, zero, zero, np.zeros((1, 1), np.int32), zero)
    with open_gguf(path) as file:
        model = load_model(file)
        logits = model.forward(batch, model.new_cache(1))
    assert logits.shape == (1, 1024)
    assert np.isfinite(logits).all()
    assert logits.std() > 0


@pytest.mark.slow
@pytest.mark.client
def test_one_command_compares_with_llama_cpp(tmp_path: Path) -> None:
    if shutil.which("npm") is None:
        pytest.skip("llama.cpp's libraries are fetched with npm, which is not installed")
    report = tmp_path / "report.json"
    command = [sys.executable, compare.__file__, "--shape", "llama-2m", "--rounds", "1"]
    command += ["--threads", "1", "--json", str(report)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(" ratio ") == 2
    assert report.exists()
