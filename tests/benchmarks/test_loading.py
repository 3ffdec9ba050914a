"""What loading takes: memory over file and keys and values, and when a server is at rest."""

import os
import subprocess
import sys
import time
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


@pytest.mark.slow
def test_a_process_is_not_idle_before_its_children_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "QUIET", 0.5)
    child = "import time; end = time.process_time() + 1.5\nwhile time.process_time() < end: pass"
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}]); input()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE) as process:
        time.sleep(0.3)  # it has started the child
        loading.wait_until_idle(process.pid)
        assert loading.seconds_of(process.pid) < 1.0
        reaped = Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()[13:15]
        assert sum(map(int, reaped)) / os.sysconf("SC_CLK_TCK") > 1.4
        process.communicate(b"\n")


def test_memory_of_a_process_is_what_the_system_says() -> None:
    ours = loading.memory(os.getpid(), "VmRSS")
    assert 1 << 20 < ours <= loading.memory(os.getpid(), "VmHWM")
