#!/usr/bin/env python3
"""How fast is this project beside llama.cpp? One command, one run, the same file and threads.

    python benchmarks/compare.py [--shape llama-1b] [--type q4_k_m] [--threads 2] [--rounds 5]

Both programs are measured in turns, a few tokens of one, then of the other, so that a busy machine
slows both; medians over the rounds are compared, and the best rounds, for on a machine that never
rests even medians lie. The ratio is llama.cpp's time over ours: above 1 means that this project is
faster. Weights are random (a real file can be given with --model), and
llama.cpp is the best CPU build for this processor, whose name is printed.
"""

import argparse
import json
import os
import statistics
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeVar

from llama_libraries import PACKAGE, best_build, cache_folder, libraries
from peers import Peer, Remote, Setting, llama_cpp, pyollama
from random_model import SHAPES, TYPES, random_model

P = TypeVar("P")

CONTEXT, PREFILL = 128, 512  # tokens before the decoded ones; tokens of a prompt
DECODE_TURNS = 4  # of decoding for each of a prompt, which takes so much longer


@dataclass(frozen=True)
class Row:
    """One measurement: seconds per token, medians and best of the rounds."""

    name: str
    ours: float
    theirs: float
    our_best: float
    their_best: float

    @property
    def ratio(self) -> float:
        """Above 1: this project is faster."""
        return self.theirs / self.ours

    @property
    def best_ratio(self) -> float:
        """The same of the best rounds: what a quiet machine would show, more or less."""
        return self.their_best / self.our_best


def ids(n: int, start: int = 0) -> list[int]:
    """Token ids without a pattern that a cache could like; small enough for any vocabulary."""
    return [(7 + (start + i) * 37) % 250 for i in range(n)]


def decode(peer: Peer, n: int, n_context: int = CONTEXT) -> float:
    """Mean seconds per token of n single tokens behind a context, which must be there."""
    peer.rewind(n_context)
    return statistics.fmean(peer.feed(ids(1, n_context + i)) for i in range(n))


def prefill(peer: Peer, n_prompt: int = PREFILL) -> float:
    """Seconds per token of a prompt in one batch."""
    peer.rewind(0)
    return peer.feed(ids(n_prompt)) / n_prompt


def interleaved(name: str, measure: Callable[[P], float], ours: P, theirs: P, rounds: int) -> Row:
    """Measure both in turns, who begins changing each round; a round before is thrown away."""
    times: dict[int, list[float]] = {0: [], 1: []}
    peers = (ours, theirs)
    for turn in range(rounds + 1):
        for which in (0, 1) if turn % 2 else (1, 0):
            times[which].append(measure(peers[which]))
    our, their = times[0][1:], times[1][1:]
    return Row(name, statistics.median(our), statistics.median(their), min(our), min(their))


def compare(setting: Setting, rounds: int, tokens: int) -> list[Row]:
    """All measurements of one model."""
    with Remote(pyollama, setting) as ours, Remote(llama_cpp, setting) as theirs:
        print(f"load: pyollama {ours.load_seconds:.2f} s, llama.cpp {theirs.load_seconds:.2f} s")
        for peer in (ours, theirs):
            peer.rewind(0)
            peer.feed(ids(CONTEXT))
        name = f"decode at {CONTEXT}"
        turns = DECODE_TURNS * rounds  # short ones
        rows = [interleaved(name, lambda peer: decode(peer, tokens), ours, theirs, turns)]
        print(line(rows[0]), flush=True)
        rows.append(interleaved(f"prefill {PREFILL}", prefill, ours, theirs, rounds))
        print(line(rows[1]), flush=True)
    return rows


def line(row: Row) -> str:
    """One measurement for a terminal, in tokens per second."""
    return (
        f"{row.name:14} pyollama {1 / row.ours:7.1f} tok/s (best {1 / row.our_best:.1f})   "
        f"llama.cpp {1 / row.theirs:7.1f} tok/s (best {1 / row.their_best:.1f})   "
        f"ratio {row.ratio:.2f} (best {row.best_ratio:.2f})"
    )


def model_file(options: argparse.Namespace) -> Path:
    """The file to measure: given, or random weights written once into the user's cache."""
    if options.model:
        return Path(options.model)
    return random_file(options.shape, options.type)


def random_file(shape: str, mix: str) -> Path:
    """A file of random weights, written once into the user's cache."""
    path = cache_folder() / f"{shape}-{mix}.gguf"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        print(f"writing random weights to {path}", flush=True)
        partial = path.with_suffix(".partial")
        random_model(partial, SHAPES[shape], mix)
        partial.rename(path)
    return path


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure what the command line says, and print it."""
    options = parser(__doc__ or "").parse_args(arguments)
    folder = options.llama_lib or libraries()
    build = options.build or best_build(folder)
    model = model_file(options)
    for library in ("OPENBLAS", "MKL", "OMP"):  # NumPy's matrix product has threads of its own
        os.environ[f"{library}_NUM_THREADS"] = str(options.threads)
    setting = Setting(model, CONTEXT + PREFILL + options.tokens, options.threads, folder, build)
    source = "" if options.llama_lib else f" of {PACKAGE}"
    print(f"{model.name}, {model.stat().st_size / 1e9:.2f} GB, {options.threads} threads")
    print(f"llama.cpp: build {build}{source}")
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f} before the run")
    rows = compare(setting, options.rounds, options.tokens)
    if options.json:
        report = {"build": build, "threads": options.threads, "model": model.name}
        ratios = [{"ratio": row.ratio, "best_ratio": row.best_ratio} for row in rows]
        report |= {"rows": [asdict(row) | more for row, more in zip(rows, ratios, strict=True)]}
        options.json.write_text(json.dumps(report, indent=2), "utf-8")


def parser(description: str) -> argparse.ArgumentParser:
    """The command line; the description's first line is shown."""
    this = argparse.ArgumentParser(description=description.splitlines()[0])
    this.add_argument("--shape", choices=SHAPES, default="llama-1b")
    this.add_argument("--type", choices=TYPES, default="q4_k_m")
    this.add_argument("--model", type=Path, help="measure this GGUF instead of random weights")
    cores = len(os.sched_getaffinity(0))
    this.add_argument("--threads", type=int, default=cores, help="default: %(default)s")
    this.add_argument("--rounds", type=int, default=5, help="turns of each (%(default)s)")
    this.add_argument("--tokens", type=int, default=8, help="decoded per turn (%(default)s)")
    this.add_argument("--llama-lib", type=Path, metavar="DIR", help="llama.cpp's libraries")
    this.add_argument("--build", help="a CPU build of llama.cpp, such as haswell")
    this.add_argument("--json", type=Path, metavar="FILE", help="write the figures here")
    return this


if __name__ == "__main__":
    main()
