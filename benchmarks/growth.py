#!/usr/bin/env python3
"""How the time of a token grows: with its context, with the batch, the vocabulary and the model.

    python benchmarks/growth.py [--sweeps context batch ...] [--threads 1 2] [--rounds 8] [--write]

Measured is the forward pass of this project, in the vocabulary's sweep the drawing of a token too.
Beside each figure stands the limit: the bytes of the weights and of the keys and values that a step
must read, over the bandwidth of this machine's memory. The points of a sweep are measured in turns,
round after round. --write puts tables and plots (matplotlib, in the extra [train]) into docs/.
"""

import argparse
import os
import signal
import statistics
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import compare
import pages
from figures import markdown, number, threads
from growing import growing
from llama_libraries import cache_folder
from machine import kv_bytes, machine, read_bandwidth, token_limit
from peers import Remote, Setting
from random_model import SHAPES, Shape, random_model

MIX = "q4_k_m"
BASE = "llama-1b"
N_CONTEXT = 128  # of each sequence, where the sweep is not of contexts
N_STEP = 8  # of a turn
QUICK_BASE = "llama-2m"


@dataclass(frozen=True)
class Point:
    """One place on a sweep.

    x: where it is on the axis; label: what the table calls it
    """

    x: float
    label: str
    shape: Shape
    file: Path
    n_sequence: int = 1
    n_context: int = N_CONTEXT

    def limit(self, bandwidth: float) -> float:
        """The least seconds per token: a step reads the weights once, for all sequences."""
        s = self.shape
        kept = kv_bytes(self.n_context, s.n_layer, s.n_head_kv, s.n_embd // s.n_head)
        n_byte = self.file.stat().st_size + self.n_sequence * kept
        return token_limit(n_byte, bandwidth) / self.n_sequence


@dataclass(frozen=True)
class Sweep:
    """Points along one axis.

    with_sampling: whether drawing a token is measured too
    """

    name: str
    axis: str
    points: list[Point]
    with_sampling: bool = False


@dataclass(frozen=True)
class Curve:
    """A sweep's seconds per token with so many threads, and their limits."""

    n_thread: int
    seconds: list[float]
    limits: list[float]


def context_sweep(quick: bool) -> Sweep:
    """One sequence whose context grows."""
    file, shape = model(QUICK_BASE if quick else BASE)
    sizes = [128 << i for i in range(5 if quick else 9)]  # to 32,768
    points = [Point(n, str(n), shape, file, n_context=n) for n in sizes]
    return Sweep("context", "tokens of context", points)


def batch_sweep(quick: bool) -> Sweep:
    """More and more sequences that decode together."""
    file, shape = model(QUICK_BASE if quick else BASE)
    points = [Point(n, str(n), shape, file, n) for n in (1, 2, 4, 8, 16, 32)]
    return Sweep("batch", "sequences decoded together", points)


def vocabulary_sweep(quick: bool) -> Sweep:
    """The same few layers below vocabularies of different sizes."""
    name = QUICK_BASE if quick else BASE
    n_layer = min(4, SHAPES[name].n_layer)
    points = []
    for n_vocab in (1024, 4096) if quick else (8192, 32768, 131072, 262144):
        shape = replace(SHAPES[name], n_layer=n_layer, n_vocab=n_vocab)
        file, _ = model(f"{name}-{n_layer}-layers-{n_vocab}", shape)
        points.append(Point(n_vocab, str(n_vocab), shape, file))
    return Sweep("vocabulary", "tokens in the vocabulary", points, with_sampling=True)


def size_sweep(quick: bool) -> Sweep:
    """Models of different sizes, by the bytes of their files."""
    names = ("llama-160m", "qwen2-0.5b", BASE, "llama-8b-4-layers")
    points = []
    for name in ("qwen2-8m", QUICK_BASE) if quick else names:
        file, shape = model(name)
        n_byte = file.stat().st_size
        points.append(Point(n_byte / 1e9, f"{name}, {n_byte / 1e9:.2f} GB", shape, file))
    return Sweep("size", "GB of weights", points)


SWEEPS = {
    "context": context_sweep,
    "batch": batch_sweep,
    "vocabulary": vocabulary_sweep,
    "size": size_sweep,
}


def model(name: str, shape: Shape | None = None) -> tuple[Path, Shape]:
    """A file of random weights, written once, and its shape."""
    if shape is None:
        return compare.random_file(name, MIX), SHAPES[name]
    path = cache_folder() / f"{name}-{MIX}.gguf"
    if not path.exists():
        random_model(path.with_suffix(".partial"), shape, MIX)
        path.with_suffix(".partial").rename(path)
    return path, shape


def curve(sweep: Sweep, n_thread: int, rounds: int, bandwidth: float) -> Curve:
    """Measure all points in turns; a round before is thrown away."""
    with ExitStack() as stack:
        peers = {}
        for file in {point.file for point in sweep.points}:
            n_ctx = max(p.n_sequence * room(p) for p in sweep.points if p.file == file)
            setting = Setting(file, n_ctx, n_thread, Path(), "")
            peers[file] = stack.enter_context(Remote(growing, setting))
        turns = [
            [seconds(peers[point.file], point, sweep.with_sampling) for point in sweep.points]
            for _ in range(rounds + 1)
        ][1:]
    medians = [statistics.median(each) for each in zip(*turns, strict=True)]
    return Curve(n_thread, medians, [point.limit(bandwidth) for point in sweep.points])


def room(point: Point) -> int:
    """Positions that a sequence of a point needs."""
    return point.n_context + 2 * N_STEP + 16


def seconds(peer: Remote, point: Point, with_sampling: bool) -> float:
    """Seconds per token of one turn."""
    step = float(peer.ask("step", (point.n_sequence, point.n_context, N_STEP)))
    drawing = float(peer.ask("sample", N_STEP)) if with_sampling else 0.0
    return step / point.n_sequence + drawing


def table(sweep: Sweep, curves: Sequence[Curve]) -> str:
    """Milliseconds per token, the limits, and what part of the time the limit is."""
    headings = [sweep.axis]
    for each in curves:
        headings += [f"ms per token, {threads(each.n_thread)}", "limit", "limit / time"]
    rows = []
    for i, point in enumerate(sweep.points):
        row = [point.label]
        for each in curves:
            took, limit = each.seconds[i], each.limits[i]
            row += [number(took * 1e3), number(limit * 1e3), f"{limit / took:.0%}"]
        rows.append(row)
    return markdown(headings, rows)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure the sweeps that are asked for, and print or write them."""
    options = parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that children end
    bandwidths = {n: read_bandwidth(n) for n in options.threads}
    here = machine()
    for name in options.sweeps:
        sweep = SWEEPS[name](options.quick)
        curves = [curve(sweep, n, options.rounds, speed) for n, speed in bandwidths.items()]
        speeds = ", ".join(f"{speed / 1e9:.1f} GB/s with {n}" for n, speed in bandwidths.items())
        where = f"{here.finished()}; memory is read at {speeds} (threads)."
        text = f"{where}\n\n{table(sweep, curves)}"
        print(f"\n{name}\n\n{text}", flush=True)
        if options.plots or options.write:
            import plots

            folder = pages.DOCS / "growth" if options.write else options.plots
            plots.save(sweep, curves, folder / f"{name}.svg")
        if options.write:
            image = f"![{name}](growth/{name}.svg)"
            pages.write_between(pages.PAGE, f"growth by {name}", f"{text}\n\n{image}")


def parser() -> argparse.ArgumentParser:
    """The command line."""
    this = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    n_cpu = len(os.sched_getaffinity(0))
    both = [n for n in (1, 2) if n <= n_cpu]
    this.add_argument("--sweeps", nargs="+", choices=SWEEPS, default=list(SWEEPS), metavar="NAME",
                      help=f"only these: {', '.join(SWEEPS)}")  # fmt: skip
    this.add_argument("--threads", type=int, nargs="+", default=both, help="default: %(default)s")
    this.add_argument("--rounds", type=int, default=8, help="turns of each point (%(default)s)")
    this.add_argument("--quick", action="store_true", help="small models: does it work at all?")
    this.add_argument("--plots", type=Path, metavar="DIR", help="put the plots there")
    this.add_argument("--write", action="store_true", help="put tables and plots into docs/")
    return this


if __name__ == "__main__":
    main()
