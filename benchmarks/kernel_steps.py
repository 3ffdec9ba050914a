#!/usr/bin/env python3
"""What each step from the definition of a kernel to the kernel gains, on one matrix in Q4_K.

    python benchmarks/kernel_steps.py [--threads 2] [--rounds 5] [--write]

The steps are those of docs/kernels.md, and each is told in billions of weights per second: how many
products of a weight and an input. Steps that are made by leaving something out of the compiled
kernels run in children with a cache of their own. --write puts the table into docs/kernels.md.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence

import numpy as np
from numba import njit
from pages import DOCS, write_between

from pyollama_formats.blocks import GGMLType, row_bytes
from pyollama_tensor import reference
from pyollama_tensor.types import F32, U8
from pyollama_tensor.weights import Inputs, Records, make_weight

N_IN, N_OUT = 2048, 8192
N_MATRIX = 12  # 110 MB, more than any cache
ROWS = 64  # of inputs, where there are several
PAGE = DOCS / "kernels.md"
Step = Callable[[], object]


def matrices(n: int, n_out: int = N_OUT) -> list[U8]:
    """Random blocks of Q4_K; scales are small, so that nothing overflows."""
    rng = np.random.default_rng(0)
    found = []
    for _ in range(n):
        data = rng.integers(0, 256, (n_out, row_bytes(GGMLType.Q4_K, N_IN)), dtype=np.uint8)
        data.reshape(-1, 144)[:, 1:4:2] = 0x10
        found.append(data)
    return found


def inputs(n_row: int) -> F32:
    """Random rows of inputs."""
    return np.random.default_rng(1).standard_normal((n_row, N_IN), np.float32)


@njit(nogil=True, error_model="numpy")
def plain_loops(data: U8, halves: F32, x: F32, out: F32) -> None:
    """One row of inputs, each weight unpacked where it is met; halves: d and dmin of each block."""
    for row in range(len(data)):
        total = np.float32(0.0)
        for block in range(data.shape[1] // 144):
            p = 144 * block
            d, dmin = halves[row, 2 * block], halves[row, 2 * block + 1]
            for group in range(8):
                if group < 4:
                    scale, least = data[row, p + 4 + group] & 63, data[row, p + 8 + group] & 63
                else:
                    both = data[row, p + 8 + group]
                    scale = (both & 15) | (data[row, p + group] >> 6 << 4)
                    least = (both >> 4) | (data[row, p + 4 + group] >> 6 << 4)
                for i in range(32):
                    q = (data[row, p + 16 + 32 * (group // 2) + i] >> (4 * (group % 2))) & 15
                    weight = d * np.float32(scale * q) - dmin * np.float32(least)
                    total += weight * x[256 * block + 32 * group + i]
        out[row] = total


def rate(step: Step, n_weight: int, rounds: int) -> float:
    """Billions of products per second, the best of some rounds after one that is thrown away."""
    best = float("inf")
    for _ in range(rounds + 1):
        started = time.perf_counter()
        step()
        best = min(best, time.perf_counter() - started)
    return n_weight / best / 1e9


def of_twin(rounds: int) -> float:
    """NumPy: weights as float32, then a product of matrices, row by row."""
    (data,) = matrices(1)
    w, x = reference.make_weight(data, GGMLType.Q4_K, N_IN), inputs(1)
    return rate(lambda: reference.linear(x, w), N_IN * N_OUT, rounds)


def of_plain_loops(rounds: int) -> float:
    """Compiled loops over the file's blocks."""
    (data,) = matrices(1)
    halves = data.reshape(-1, 144)[:, :4].copy().view(np.float16).astype(np.float32)
    halves, out = halves.reshape(N_OUT, -1), np.empty(N_OUT, np.float32)
    x = inputs(1)[0]
    return rate(lambda: plain_loops(data, halves, x, out), N_IN * N_OUT, rounds)


def of_records(rounds: int, n_row: int = 1) -> float:
    """The kernels of this project as they are in this process."""
    weights = [make_weight(data, GGMLType.Q4_K, N_IN) for data in matrices(N_MATRIX)]
    x = Inputs(inputs(n_row))

    def step() -> None:
        for w in weights:
            assert isinstance(w, Records)
            w.linear(x)

    return rate(step, N_MATRIX * N_IN * N_OUT * n_row, rounds)


def without_fetching(rounds: int) -> float:
    """The same without asking memory ahead of time; only in a child, for it changes the code."""
    from pyollama_tensor.simd import memory

    memory.AHEAD = 0
    return of_records(rounds)


CHILDREN = {
    "portable": {"PYOLLAMA_SIMD": "portable"},
    "unfetched": {},
    "one": {},
    "several": {},
}
MEASURES: dict[str, Callable[[int], float]] = {
    "portable": without_fetching,
    "unfetched": without_fetching,
    "one": of_records,
    "several": lambda rounds: of_records(rounds, ROWS),
}


def in_child(name: str, rounds: int, n_threads: int) -> float:
    """Measure a step in a process of its own, on so many processors."""
    with tempfile.TemporaryDirectory() as folder:
        own = {"PYOLLAMA_JIT_CACHE": folder} if MEASURES[name] is without_fetching else {}
        allowed = sorted(os.sched_getaffinity(0))[:n_threads]
        done = subprocess.run(
            [sys.executable, __file__, "--step", name, "--rounds", str(rounds)],
            env=os.environ | CHILDREN[name] | own, capture_output=True, text=True, check=True,
            preexec_fn=lambda: os.sched_setaffinity(0, allowed),
        )  # fmt: skip
    return float(done.stdout)


def table(rounds: int, n_threads: int) -> str:
    """All steps, each with what it gains over the one before."""
    steps = [
        ("twin: weights to float32, then a product", of_twin(2)),
        ("compiled loops over the file's blocks", of_plain_loops(rounds)),
        ("16 rows side by side, vectors of plain LLVM", in_child("portable", rounds, 1)),
        ("the processor's own products of bytes", in_child("unfetched", rounds, 1)),
        ("asking memory ahead of time", in_child("one", rounds, 1)),
        (f"{n_threads} threads", in_child("one", rounds, n_threads)),
        (f"{ROWS} rows of inputs together", in_child("several", rounds, n_threads)),
    ]
    lines = ["| step | billions of weights per second | gain |", "| --- | ---: | ---: |"]
    before = 0.0
    for name, value in steps:
        gain = f"{value / before:.2f}" if before else ""
        lines.append(f"| {name} | {value:.2f} | {gain} |")
        before = value
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--write", action="store_true", help="put the table into docs/kernels.md")
    parser.add_argument("--step", choices=tuple(MEASURES), help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.step:
        print(MEASURES[options.step](options.rounds))
        return
    text = table(options.rounds, options.threads)
    print(text)
    if options.write:
        write_between(PAGE, "steps", text)


if __name__ == "__main__":
    main()
