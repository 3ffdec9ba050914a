#!/usr/bin/env python3
"""How fast is quantizing beside llama.cpp's own quantizer, and how large are the errors?

    python benchmarks/quantizing.py [--shape llama-160m] [--targets Q4_K_M Q8_0] [--threads 2]

A file of random weights in F16 is quantized to a file by both in turns, with the same number of
threads; medians over the rounds are compared, and the best rounds. The ratio of times is
llama.cpp's over ours: above 1 means that this project is faster. The ratio of errors is ours over
llama.cpp's, each the sum of the squared differences from the source over all tensors: above 1 means
that this project errs more.
"""

import argparse
import ctypes
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from compare import Row, interleaved
from ctypes_llama import LOG, Params, load
from llama_libraries import PACKAGE, best_build, cache_folder, libraries
from random_model import SHAPES, random_model

from pyollama.store.quantization.rewrite import FILE_TYPE_NUMBERS, rewrite
from pyollama_formats.blocks import dequantize
from pyollama_formats.gguf.reader import GGUFFile, open_gguf
from pyollama_tensor.threads import set_threads

Quantize = Callable[[Path, Path, str], None]  # source, destination, target


def ours(source: Path, destination: Path, target: str) -> None:
    """Quantize a file with this project."""
    with open_gguf(source) as file, destination.open("wb") as out:
        for _ in rewrite(file, target, out.write):
            pass


class LlamaCpp:
    """llama.cpp's llama_model_quantize. Its parameters begin with two int32: threads, file type."""

    def __init__(self, folder: Path, build: str, n_threads: int) -> None:
        self.quiet = LOG(lambda level, text, data: None)  # kept: C holds on to it
        self.lib, self.n_threads = load(folder, build, self.quiet), n_threads
        self.lib.llama_model_quantize_default_params.restype = Params
        self.lib.llama_model_quantize.restype = ctypes.c_uint32
        names, pointer = [ctypes.c_char_p, ctypes.c_char_p], ctypes.POINTER(Params)
        self.lib.llama_model_quantize.argtypes = [*names, pointer]

    def __call__(self, source: Path, destination: Path, target: str) -> None:
        """Quantize a file."""
        params = self.lib.llama_model_quantize_default_params()
        head = (ctypes.c_int32 * 2).from_buffer(params)
        head[0], head[1] = self.n_threads, FILE_TYPE_NUMBERS[target]
        names = (str(source).encode(), str(destination).encode())
        if self.lib.llama_model_quantize(*names, ctypes.byref(params)) != 0:
            raise ValueError(f"llama.cpp does not quantize {source} to {target}")


def squared_error(source: GGUFFile, path: Path) -> float:
    """The sum of the squared differences of all weights from the source's."""
    total = 0.0
    with open_gguf(path) as file:
        for name, info in file.tensors.items():
            exact = dequantize(source.data(name), source.tensors[name].type)
            off = dequantize(file.data(name), info.type) - exact
            total += float(np.square(off, dtype=np.float64).sum())
            file.drop(name)
            source.drop(name)
    return total


def compare(source: Path, target: str, theirs: Quantize, rounds: int) -> tuple[Row, float]:
    """Times of both, per round, and the ratio of the errors."""
    with tempfile.TemporaryDirectory() as folder:
        results = [Path(folder, "ours.gguf"), Path(folder, "theirs.gguf")]

        def seconds(which: tuple[Quantize, Path]) -> float:
            quantize, result = which
            started = time.perf_counter()
            quantize(source, result, target)
            return time.perf_counter() - started

        pairs = ((ours, results[0]), (theirs, results[1]))
        row = interleaved(target, seconds, *pairs, rounds)
        with open_gguf(source) as file:
            errors = [squared_error(file, result) for result in results]
    return row, errors[0] / errors[1] if errors[1] else 1.0


def line(row: Row, error: float) -> str:
    """One target for a terminal."""
    return (
        f"{row.name:8} pyollama {row.ours:6.2f} s (best {row.our_best:.2f})   "
        f"llama.cpp {row.theirs:6.2f} s (best {row.their_best:.2f})   "
        f"ratio {row.ratio:.2f} (best {row.best_ratio:.2f})   errors {error:.4f}"
    )


def source_file(shape: str) -> Path:
    """Random weights in F16, written once into the user's cache."""
    path = cache_folder() / f"{shape}-f16.gguf"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial")
        random_model(partial, SHAPES[shape], "f16")
        partial.rename(path)
    return path


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure what the command line says, and print it."""
    options = parser(__doc__ or "").parse_args(arguments)
    folder = options.llama_lib or libraries()
    build = options.build or best_build(folder)
    source = source_file(options.shape)
    set_threads(options.threads)
    theirs = LlamaCpp(folder, build, options.threads)
    package = "" if options.llama_lib else f" of {PACKAGE}"
    print(f"{source.name}, {source.stat().st_size / 1e9:.2f} GB, {options.threads} threads")
    print(f"llama.cpp: build {build}{package}")
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f} before the run")
    for target in options.targets:
        print(line(*compare(source, target, theirs, options.rounds)), flush=True)


def parser(description: str) -> argparse.ArgumentParser:
    """The command line; the description's first line is shown."""
    this = argparse.ArgumentParser(description=description.splitlines()[0])
    this.add_argument("--shape", choices=SHAPES, default="llama-160m")
    targets = ["Q4_K_M", "Q4_K_S", "Q8_0", "BF16", "F32"]
    this.add_argument("--targets", nargs="+", choices=targets, default=targets[:3])
    cores = len(os.sched_getaffinity(0))
    this.add_argument("--threads", type=int, default=cores, help="default: %(default)s")
    this.add_argument("--rounds", type=int, default=3, help="turns of each (%(default)s)")
    this.add_argument("--llama-lib", type=Path, metavar="DIR", help="llama.cpp's libraries")
    this.add_argument("--build", help="a CPU build of llama.cpp, such as haswell")
    return this


if __name__ == "__main__":
    main()
