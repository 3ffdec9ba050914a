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
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path

import compare
from llama_libraries import best_build, libraries
from peers import Remote, Setting, llama_cpp
from servers import add_model, child
from streaming import Line, answer

from pyollama.store import Store

NAME = "measured"
N_STREAM = 8
N_TOGETHER = 64  # tokens of each of the streams that run at once
# One token each in the random models' vocabulary, which merges nothing but a and b.
LETTERS = "cdefghijklmnopqrstuvxyz "


class Server:
    """What a client measures of a server that runs."""

    def __init__(self, url: str, seed: int = 0) -> None:
        self.url = url
        self.rng = random.Random(seed)
        self.context = self.fresh(compare.CONTEXT)

    def fresh(self, n_token: int) -> str:
        """A prompt that the server has not seen before."""
        return "".join(self.rng.choices(LETTERS, k=n_token))

    def generate(self, prompt: str, n_token: int) -> list[Line]:
        """The lines of an answer that is not cut short; the last one has the statistics."""
        body = {
            "model": NAME,
            "prompt": prompt,
            "raw": True,
            "options": {"num_predict": n_token, "seed": self.rng.randrange(2**31)},
        }
        return answer(self.url, body)

    def decode(self, n_token: int) -> float:
        """Median seconds between streamed tokens behind a context that is in the cache."""
        return gap(self.generate(self.context, n_token + 1))

    def prefill(self) -> float:
        """Seconds per token from sending a prompt to the first token of its answer."""
        prompt = self.fresh(compare.PREFILL)
        started = time.perf_counter()
        lines = self.generate(prompt, 1)
        return (lines[0].arrived - started) / int(lines[-1].event["prompt_eval_count"])

    def one(self) -> float:
        """Tokens per second of a single stream."""
        return rate([self.generate(self.fresh(compare.CONTEXT), N_TOGETHER)])

    def together(self, n_stream: int) -> float:
        """Tokens per second of streams that run at once, while all of them run."""
        answers: list[list[Line]] = []
        prompts = [self.fresh(compare.CONTEXT) for _ in range(n_stream)]

        def stream(prompt: str) -> None:
            answers.append(self.generate(prompt, N_TOGETHER))

        threads = [threading.Thread(target=stream, args=(prompt,)) for prompt in prompts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return rate(answers)


@dataclass(frozen=True)
class Throughput:
    """Tokens per second of one stream, and of several at once."""

    one: float
    together: float

    @property
    def ratio(self) -> float:
        """How much more several streams get out of the machine."""
        return self.together / self.one


def arrivals(lines: Sequence[Line]) -> list[float]:
    """When the lines with text arrived: the last line, with the statistics, is no token."""
    return [line.arrived for line in lines if not line.event["done"]]


def gap(lines: Sequence[Line]) -> float:
    """Median seconds between tokens; a token that shows no text yet has no line, a median bears it.

    Never less than the mean that the server tells: lines that wait for a busy client come in one
    heap. ValueError if the answer is too short to have a gap.
    """
    times = arrivals(lines)
    if len(times) < 2:
        raise ValueError("the answer has fewer than two lines of text")
    last = lines[-1].event
    told = float(last["eval_duration"]) / 1e9 / max(1, int(last["eval_count"]) - 1)
    return max(statistics.median(b - a for a, b in pairwise(times)), told)


def rate(answers: Sequence[Sequence[Line]]) -> float:
    """Tokens per second of all answers together, from when the last has begun until one ends.

    Tokens without a line are counted by the server's own count. ValueError if at no time all run.
    """
    times = [arrivals(lines) for lines in answers]
    if not all(times):
        raise ValueError("an answer has no text")
    begin, end = max(each[0] for each in times), min(each[-1] for each in times)
    if begin >= end:
        raise ValueError("the answers did not run at once")
    inside = sum(begin < moment <= end for each in times for moment in each)
    n_token = sum(int(lines[-1].event["eval_count"]) for lines in answers)
    return inside * n_token / sum(map(len, times)) / (end - begin)


def beside_llama_cpp(server: Server, setting: Setting, rounds: int, n: int) -> list[compare.Row]:
    """Decoding and prefill in turns with llama.cpp."""
    with Remote(llama_cpp, setting) as theirs:
        theirs.feed(compare.ids(compare.CONTEXT))
        rows = [
            in_turns(
                f"decode at {compare.CONTEXT}",
                lambda: server.decode(n),
                lambda: compare.decode(theirs, n),
                compare.DECODE_TURNS * rounds,
            )
        ]
        print(compare.line(rows[0]), flush=True)
        name = f"prefill {compare.PREFILL}"
        rows.append(in_turns(name, server.prefill, lambda: compare.prefill(theirs), rounds))
        print(compare.line(rows[1]), flush=True)
    return rows


def in_turns(
    name: str, ours: Callable[[], float], theirs: Callable[[], float], rounds: int
) -> compare.Row:
    """Compare two measurements."""
    return compare.interleaved(name, lambda measure: measure(), ours, theirs, rounds)


def throughput(server: Server, rounds: int) -> Throughput:
    """One stream and eight, in turns; a round before is thrown away."""
    rates = [(server.one(), server.together(N_STREAM)) for _ in range(rounds + 1)][1:]
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
            server = Server(running.url)
            server.decode(1)  # loads the model and fills its cache with the context
            rows = beside_llama_cpp(server, setting, options.rounds, options.tokens)
            total = throughput(server, options.rounds)
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
