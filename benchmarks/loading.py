#!/usr/bin/env python3
"""How long until a model that is on the disk answers, and what it takes in memory?

    python benchmarks/loading.py [--shape llama-1b] [--type q4_k_m] [--threads 2] [--rounds 5]

The file is in the page cache, the kernels are in theirs. Each round starts both programs afresh:

- `pyollama serve`, left alone until it has nothing more to prepare; then the time from sending a
  request with a prompt of one token to the first token of the answer, on the client's clock;
- a process that has llama.cpp's libraries loaded; then the time of loading the model, of making a
  context and of computing the same one token.

Beside it the server's memory, all resident pages, those of mapped files included: at its peak, and
at rest when it has nothing to do any more; over the size of the file and of the keys and values
that the tokens so far have. Last, the time from the start of `pyollama serve` to its first answer.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import compare
from client import NAME
from figures import Figure, Goal, Rounds, alone, compared, table
from idle import wait_until_idle
from llama_libraries import best_build, libraries
from machine import kv_bytes
from peers import Peer, Remote, Setting
from servers import Child, add_model, child
from streaming import answer

from pyollama.models.loader import check_model
from pyollama.store import Store
from pyollama_formats.gguf import open_gguf

N_CTX = 4096
N_START = 10  # starts of the server
LOAD, REST, PEAK, START = (Goal(value, "lower") for value in (1.0, 1.1, 1.3, 0.6))


@dataclass(frozen=True)
class Round:
    """Seconds from request to first token on both sides, and what the server took."""

    ours: float
    theirs: float
    rest: int  # bytes
    peak: int  # bytes
    their_rest: int  # bytes


class Unloaded:
    """llama.cpp as a peer that has loaded its libraries and no model yet."""

    def __init__(self, setting: Setting) -> None:
        import ctypes_llama

        self.setting = setting
        ctypes_llama.library(setting.folder, setting.build)

    def rewind(self, n: int) -> None:
        """There is nothing to forget."""

    def feed(self, ids: Sequence[int]) -> float:
        """Load the model and compute the tokens; the seconds that both took."""
        from ctypes_llama import LlamaCpp

        s = self.setting
        started = time.perf_counter()
        self.model = LlamaCpp(s.folder, s.build, s.model, s.n_ctx, s.n_threads)
        self.model.feed(ids)
        return time.perf_counter() - started


def unloaded(setting: Setting) -> Peer:
    """llama.cpp without a model."""
    return Unloaded(setting)


def theirs(setting: Setting) -> tuple[float, int]:
    """Seconds until llama.cpp's first token, and its memory."""
    with Remote(unloaded, setting) as peer:
        seconds = peer.feed([5])
        assert peer.process.pid is not None
        return seconds, memory(peer.process.pid, "VmRSS")


def ours(models: Path, n_threads: int) -> tuple[float, int, int]:
    """Seconds until the first token of a new server, its memory at rest and at its peak."""
    with child(models, {"OLLAMA_NO_CLOUD": "1"}, n_cpu=n_threads) as server:
        pid = server.process.pid
        wait_until_idle(pid)
        seconds = first_token(server)
        wait_until_idle(pid)
        return seconds, memory(pid, "VmRSS"), memory(pid, "VmHWM")


def first_token(server: Child) -> float:
    """Seconds from sending a request with a prompt of one token to the first token."""
    options = {"num_predict": 1, "num_ctx": N_CTX}
    started = time.perf_counter()
    lines = answer(server.url, {"model": NAME, "prompt": "c", "raw": True, "options": options})
    return lines[0].arrived - started


def start(models: Path) -> float:
    """Seconds from starting a server to its first answer."""
    started = time.perf_counter()
    with child(models, {"OLLAMA_NO_CLOUD": "1"}):
        return time.perf_counter() - started


def memory(pid: int, field: str) -> int:
    """VmRSS or VmHWM of a process, bytes."""
    text = Path(f"/proc/{pid}/status").read_text("utf-8")
    return int(text.split(f"{field}:")[1].split()[0]) << 10


def measured_round(turn: int, models: Path, setting: Setting) -> Round:
    """One load of each; who begins changes from turn to turn."""
    if turn % 2:
        seconds, rest, peak = ours(models, setting.n_threads)
        their_seconds, their_rest = theirs(setting)
    else:
        their_seconds, their_rest = theirs(setting)
        seconds, rest, peak = ours(models, setting.n_threads)
    return Round(seconds, their_seconds, rest, peak, their_rest)


def rows(setting: Setting, rounds: int) -> list[Figure]:
    """Load, memory at rest and at the peak, and start, each beside its goal."""
    prepare(setting.model)
    with tempfile.TemporaryDirectory() as place:
        models = Path(place) / "models"
        add_model(Store(models), NAME, setting.model)
        done = [measured_round(turn, models, setting) for turn in range(rounds)]
        starts = [start(models) for _ in range(N_START + 1)][1:]
    loads = Rounds([each.ours for each in done], [each.theirs for each in done])
    return [
        compared("load to first token", "s", loads, LOAD),
        held("memory at rest", [each.rest for each in done], done, setting.model, REST),
        held("memory at the peak", [each.peak for each in done], done, setting.model, PEAK),
        alone("start to the first answer", "s", starts, START),
    ]


def held(name: str, ours: list[int], done: list[Round], model: Path, goal: Goal) -> Figure:
    """Memory beside that of the file and of the tokens in the cache, in megabytes."""
    needed = (model.stat().st_size + cached_bytes(model, 2)) / 1e6
    note = f"beside file and KV; llama.cpp {max(each.their_rest for each in done) / 1e6:.0f} MB"
    rounds = Rounds([n / 1e6 for n in ours], [needed] * len(ours))
    return compared(name, "MB", rounds, goal, note=note)


def cached_bytes(model: Path, n_token: int) -> int:
    """Bytes of the keys and values of so many tokens."""
    with open_gguf(model) as file:
        config = check_model(file).config
    return kv_bytes(n_token, config.n_layer, config.heads.n_head_kv, config.heads.n_embd_head)


def prepare(model: Path) -> None:
    """Have the kernels compiled, and the file in the page cache."""
    subprocess.run([sys.executable, "-m", "pyollama", "warmup"], check=True, capture_output=True)
    with model.open("rb") as file:
        while file.read(1 << 24):
            continue


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure what the command line says, and print it."""
    options: argparse.Namespace = compare.parser(__doc__ or "").parse_args(arguments)
    folder = options.llama_lib or libraries()
    build = options.build or best_build(folder)
    model = compare.model_file(options)
    print(f"{model.name}, {options.threads} threads, llama.cpp's build {build}", flush=True)
    setting = Setting(model, N_CTX, options.threads, folder, build)
    print(table(rows(setting, options.rounds)))


if __name__ == "__main__":
    main()
