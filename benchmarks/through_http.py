#!/usr/bin/env python3
"""How fast is a whole server, seen from a client, beside llama.cpp's bare forward pass?

    python benchmarks/through_http.py [--shape llama-1b] [--type q4_k_m] [--threads 2] [--rounds 5]

`pyollama serve` runs in a child with a store of its own. Its times are those of a client's clock at
the arrival of lines: HTTP, JSON, sampling with the default options, detokenizing and the engine are
all in them. llama.cpp's are those of compare.py, without any of this. The two are measured in
turns, and one is idle while the other works. A ratio above 1 means that this project is faster.

Last comes the throughput of eight streams at once beside that of one.
"""

import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import compare
from client import NAME, Client
from idle import wait_until_idle
from llama_libraries import best_build, libraries
from peers import Remote, Setting, llama_cpp
from servers import add_model, child

from pyollama.store import Store

N_STREAM = 8
N_TOGETHER = 64  # tokens of each of the streams that run at once


@dataclass(frozen=True)
class Throughput:
    """Tokens per second of one stream, and of several at once."""

    one: float
    together: float

    @property
    def ratio(self) -> float:
        """How much more several streams get out of the machine."""
        return self.together / self.one


def beside_llama_cpp(client: Client, setting: Setting, rounds: int, n: int) -> list[compare.Row]:
    """Decoding and prefill in turns with llama.cpp."""
    with Remote(llama_cpp, setting) as theirs:
        theirs.feed(compare.ids(compare.CONTEXT))
        rows = [
            in_turns(
                f"decode at {compare.CONTEXT}",
                lambda: client.decode(n, compare.CONTEXT),
                lambda: compare.decode(theirs, n),
                compare.DECODE_TURNS * rounds,
            )
        ]
        print(compare.line(rows[0]), flush=True)
        name = f"prefill {compare.PREFILL}"
        ours = partial(client.prefill, compare.PREFILL)
        rows.append(in_turns(name, ours, lambda: compare.prefill(theirs), rounds))
        print(compare.line(rows[1]), flush=True)
    return rows


def in_turns(
    name: str, ours: Callable[[], float], theirs: Callable[[], float], rounds: int
) -> compare.Row:
    """Compare two measurements."""
    return compare.interleaved(name, lambda measure: measure(), ours, theirs, rounds)


def throughput(client: Client, rounds: int) -> Throughput:
    """One stream and eight, in turns; a round before is thrown away."""
    sizes = compare.CONTEXT, N_TOGETHER
    rates = [(client.one(*sizes), client.together(N_STREAM, *sizes)) for _ in range(rounds + 1)][1:]
    return Throughput(*(statistics.median(each) for each in zip(*rates, strict=True)))


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure what the command line says, and print it."""
    options = compare.parser(__doc__ or "").parse_args(arguments)
    folder = options.llama_lib or libraries()
    build = options.build or best_build(folder)
    model = compare.model_file(options)
    n_ctx = compare.CONTEXT + compare.PREFILL + max(options.tokens, N_TOGETHER)
    setting = Setting(model, n_ctx, options.threads, folder, build)
    print(f"{model.name}, {options.threads} threads, llama.cpp's build {build}")
    subprocess.run([sys.executable, "-m", "pyollama", "warmup"], check=True, capture_output=True)
    variables = {"OLLAMA_NUM_PARALLEL": str(N_STREAM), "OLLAMA_CONTEXT_LENGTH": str(n_ctx)}
    with tempfile.TemporaryDirectory() as place:
        models = Path(place) / "models"
        add_model(Store(models), NAME, model)
        with child(models, variables, n_cpu=options.threads) as running:
            client = Client(running.url)
            client.decode(1, compare.CONTEXT)  # the model and the context are there from here on
            wait_until_idle(running.process.pid)
            rows = beside_llama_cpp(client, setting, options.rounds, options.tokens)
            total = throughput(client, options.rounds)
    print(
        f"{N_STREAM} streams at once {total.together:7.1f} tok/s   one {total.one:7.1f} tok/s   "
        f"ratio {total.ratio:.2f}"
    )
    if options.json:
        report = {"build": build, "threads": options.threads, "model": model.name}
        figures = [asdict(row) | {"ratio": row.ratio} for row in rows]
        streams = asdict(total) | {"ratio": total.ratio}
        text = json.dumps(report | {"rows": figures, "streams": streams}, indent=2)
        options.json.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
