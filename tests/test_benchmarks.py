"""The benchmark measures two programs in turns, on a model that this project loads and runs."""

import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any

import client
import compare
import kernel_steps
import loop_lag
import numpy as np
import pytest
import random_model
import soak
from streaming import Line

from pyollama.models.loader import load_model
from pyollama_formats.blocks import GGMLType
from pyollama_formats.gguf.reader import open_gguf
from pyollama_tensor import reference
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


def arrived(moment: float, event: dict[str, Any]) -> Line:
    """A line of an answer."""
    return Line(moment, json.dumps(event).encode())


def lines_at(*moments: float, eval_count: int = 0, eval_duration: int = 0) -> list[Line]:
    """An answer whose lines of text arrive at these moments, and the statistics with the last."""
    counts = {"eval_count": eval_count or len(moments), "eval_duration": eval_duration}
    text = [arrived(moment, {"response": "x", "done": False}) for moment in moments]
    return [*text, arrived(moments[-1], {"response": "", "done": True, **counts})]


def test_the_gap_is_the_mean_between_tokens_with_and_without_a_line() -> None:
    moments = [*accumulate([5.0, 1.0, 1.0, 2.0, 1.0, 9.0])]
    assert client.gap(lines_at(*moments)) == 14.0 / 5
    assert client.gap(lines_at(*moments, eval_count=8)) == 14.0 / 7


def test_lines_in_a_heap_do_not_make_a_server_faster_than_it_says() -> None:
    heap = lines_at(1.0, 1.0, 1.0, 1.0, eval_duration=6_000_000_000)
    assert client.gap(heap) == 2.0


def test_an_answer_of_one_line_has_no_gap() -> None:
    with pytest.raises(ValueError, match="fewer than two"):
        client.gap(lines_at(1.0))


def test_the_rate_counts_only_while_all_streams_run() -> None:
    long = lines_at(0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0)
    short = lines_at(2.0, 3.0, 4.0)
    assert client.rate([long, short]) == 2.0  # from 2 to 4: two tokens of each


def test_the_rate_counts_tokens_that_have_no_line() -> None:
    assert client.rate([lines_at(0.0, 1.0, 2.0, eval_count=6)]) == 2.0


def test_streams_that_follow_each_other_or_say_nothing_have_no_common_rate() -> None:
    with pytest.raises(ValueError, match="at once"):
        client.rate([lines_at(0.0, 1.0), lines_at(2.0, 3.0)])
    without_text = lines_at(0.0)[1:]
    with pytest.raises(ValueError, match="no text"):
        client.rate([lines_at(0.0, 1.0), without_text])


def test_prompts_of_the_benchmark_have_one_token_per_character() -> None:
    asking = client.Client("http://nowhere")
    first, second = asking.fresh(512), asking.fresh(512)
    assert len(first) == 512
    assert first[:16] != second[:16]
    assert not {"a", "b"} & set(first)  # the only merge of a random model is that of a and b


def test_a_late_wake_counts_for_all_who_would_have_waited() -> None:
    lag = loop_lag.summary([0.0] * 97 + [0.003])
    assert lag.worst == 0.003
    assert lag.median == 0.0
    assert lag.p99 == pytest.approx(0.003)  # 100 waits: the late one is three of them
    assert loop_lag.summary([0.0] * 97).p99 == 0.0


def test_prompts_of_the_lag_benchmark_are_as_long_as_asked() -> None:
    assert {len(text) for text in loop_lag.prompts(1000).values()} == {1000}


def test_growth_is_the_last_third_beside_the_first() -> None:
    looks = [soak.Look(i, 10 + i // 6, 1000 + 10 * i) for i in range(9)]
    report = soak.Report(looks=looks)
    assert report.threads_grown == 1
    assert report.memory_grown == pytest.approx(1070 / 1010 - 1)


def test_the_loops_that_kernels_are_compared_with_compute_the_same() -> None:
    data, x = kernel_steps.matrices(1, n_out=8)[0], kernel_steps.inputs(1)
    halves = data.reshape(-1, 144)[:, :4].copy().view(np.float16).astype(np.float32).reshape(8, -1)
    found = np.empty(8, np.float32)
    kernel_steps.plain_loops(data, halves, x[0], found)
    twin = reference.linear(x, reference.make_weight(data, GGMLType.Q4_K, kernel_steps.N_IN))
    np.testing.assert_allclose(found, twin[0], rtol=1e-4)
