"""The benchmarks run from end to end, on small models, and leave no process behind."""

import re
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

import client
import growth
import llama_server
import pytest
import random_model
import reports
import table
from growing import growing
from peers import Remote, Setting

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def small_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "small.gguf"
    random_model.random_model(path, random_model.SHAPES["llama-2m"], "q4_k_m")
    return path


def run(script: str, *arguments: str) -> str:
    command = [sys.executable, script, "--quick", "--rounds", "1", "--threads", "1", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.client
def test_the_table_is_measured_and_can_be_combined(tmp_path: Path) -> None:
    if shutil.which("npm") is None:
        pytest.skip("llama.cpp's libraries are fetched with npm, which is not installed")
    path = tmp_path / "report.json"
    rows = ["decode-128", "prefix", "first-byte", "per-token"]
    out = run(table.__file__, "--rows", *rows, "--json", str(path))
    report = reports.load(path)
    assert len(report.figures) == 6 + 2 + 2 + 5
    assert {figure.verdict for figure in report.figures} <= {"met", "missed", "too few rounds"}
    assert "computed twice of a known prefix of 1500, tiny, 1 thread" in out
    assert "runs" in run(table.__file__, "--combine", str(path), str(path))


def test_growth_is_measured(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="plots need matplotlib, of the extra [train]")
    out = run(growth.__file__, "--sweeps", "batch", "--plots", str(tmp_path))
    assert len(re.findall(r"^\| (?:1|2|4|8|16|32) ", out, re.MULTILINE)) == 6
    assert (tmp_path / "batch.svg").read_text("utf-8").count("sequences decoded together") == 1


@pytest.mark.oracle
def test_llama_cpps_server_answers_requests_at_once_and_ends(small_model: Path) -> None:
    pytest.importorskip("xllamacpp", reason="xllamacpp has no wheel for this platform")
    asking = client.Client("")
    with llama_server.llama_server(small_model, 2, 256, 1) as url:
        prompts = [asking.fresh(40) for _ in range(2)]
        assert client.overall_rate(partial(llama_server.count, url), prompts, 3) > 0
    with pytest.raises(OSError):
        llama_server.count(url, "c", 1)


@pytest.mark.oracle
def test_llama_cpps_server_that_cannot_load_is_an_error(tmp_path: Path) -> None:
    pytest.importorskip("xllamacpp", reason="xllamacpp has no wheel for this platform")
    with (
        pytest.raises(RuntimeError, match="has not started"),
        llama_server.llama_server(tmp_path / "absent.gguf", 1, 256, 1),
    ):
        pass


def test_a_filled_cache_is_decoded_at_any_context(small_model: Path) -> None:
    with Remote(growing, Setting(small_model, 4 * 128, 1, Path(), "")) as peer:
        for n_sequence, n_context in ((1, 500), (4, 100)):
            assert peer.ask("step", (n_sequence, n_context, 2)) > 0
        assert peer.ask("sample", 2) > 0
    assert not peer.process.is_alive()


def test_a_peer_that_fails_says_why(tmp_path: Path) -> None:
    setting = Setting(tmp_path / "absent.gguf", 64, 1, Path(), "")
    with pytest.raises(RuntimeError, match="growing: "), Remote(growing, setting):
        pass
