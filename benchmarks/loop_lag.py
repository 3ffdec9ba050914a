#!/usr/bin/env python3
"""How long does the server's event loop keep others waiting? Eight streams and a huge prompt.

    python benchmarks/loop_lag.py [--seconds 5] [--streams 8] [--megabytes 1]

The server runs in a thread of this process. A coroutine in its loop sleeps for a millisecond again
and again and notes by how much it wakes too late. A child process meanwhile reads eight streams of
`tiny` and sends prompts of a megabyte: text, a word without a blank, near misses of special tokens,
special tokens, and escapes. A sleep that is late by 50 ms is 50 requests that would have waited up
to 50 ms, and counts as that many; otherwise one long stop among many short sleeps would hide.
"""

import argparse
import asyncio
import multiprocessing
import random
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from servers import InProcess, in_process
from streaming import answer, asked

from pyollama.settings import Settings
from pyollama.store import Store

TICK = 0.001  # seconds that the probe sleeps
GOAL = 0.020  # seconds that 99 of 100 waits may reach
SEED = 1

WORDS = "the sky is blue because light of short waves is scattered more, don't you think? 1 22 333"
OTHERS = "über naïve 漢字 かな Привет 😀 {}[]() x = y * 2;\n\t"


@dataclass(frozen=True)
class Lag:
    """How late a loop wakes, in seconds: the median, what 99 of 100 stay under, and the worst."""

    median: float
    p99: float
    worst: float


def summary(late: Sequence[float]) -> Lag:
    """The lag from the sleeps that were late by so many seconds; there is at least one."""
    waits = sorted(wait for each in late for wait in all_waits(each))
    return Lag(waits[len(waits) // 2], waits[len(waits) * 99 // 100], waits[-1])


def all_waits(late: float) -> Iterator[float]:
    """What those had waited who came while a loop was late, one in every tick."""
    yield late
    while (late := late - TICK) > 0:
        yield late


def prompts(n: int) -> dict[str, str]:
    """Texts of n characters that take a tokenizer's different ways."""
    rng = random.Random(SEED)
    text = [rng.choice(words) for words in (WORDS.split(), OTHERS.split(" ")) for _ in range(n)]
    rng.shuffle(text)
    letters = "".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=n))
    return {
        "mixed text": " ".join(text)[:n],
        "one word": letters,
        "one letter": "a" * n,
        "blanks": " " * n,
        "nearly special tokens": ("<|im_" * n)[:n],
        "special tokens": ("<|im_end|>" * n)[:n],
        "control characters": "\x01\n" * (n // 2),
    }


@contextmanager
def probe(server: InProcess) -> Iterator[list[float]]:
    """The seconds by which sleeps in the server's loop are late while the block runs."""
    late: list[float] = []
    stop = threading.Event()

    async def sleep_and_note() -> None:
        while not stop.is_set():
            started = time.perf_counter()
            await asyncio.sleep(TICK)
            late.append(max(0.0, time.perf_counter() - started - TICK))

    done = asyncio.run_coroutine_threadsafe(sleep_and_note(), server.loop)
    try:
        yield late
    finally:
        stop.set()
        done.result()


def stream_for_ever(url: str, number: int) -> None:
    """One stream after the other, each as long as the model's context allows."""
    options = {"temperature": 1.0, "seed": number, "num_predict": 400}
    body = {"model": "tiny", "prompt": f"Tell me a story, number {number}", "options": options}
    while True:
        answer(url, body)


def load(url: str, n_stream: int, pipe: Any) -> None:
    """The child process: streams, and prompts of the length that the pipe asks for."""
    for number in range(n_stream):
        threading.Thread(target=stream_for_ever, args=(url, number), daemon=True).start()
    while (prompt := pipe.recv()) is not None:
        body = {"model": "tiny", "prompt": prompt, "raw": True, "options": {"num_predict": 1}}
        started = time.perf_counter()
        with asked(url, body) as arriving:  # refused, if it is longer than the context
            last = list(arriving)[-1]
        pipe.send((time.perf_counter() - started, last.event.get("error", "answered")))


@contextmanager
def child_load(url: str, n_stream: int) -> Iterator[Callable[[str], tuple[float, str]]]:
    """Streams from another process; gives what sends a prompt and waits: seconds, and outcome."""
    context = multiprocessing.get_context("spawn")
    pipe, theirs = context.Pipe()
    process = context.Process(target=load, args=(url, n_stream, theirs), daemon=True)
    process.start()

    def send(prompt: str) -> tuple[float, str]:
        pipe.send(prompt)
        seconds, outcome = pipe.recv()
        return seconds, outcome

    try:
        yield send
    finally:
        process.terminate()
        process.join()


def measure(server: InProcess, options: argparse.Namespace) -> dict[str, Lag]:
    """The lag of an idle server, under streams alone, and under each prompt besides."""
    found: dict[str, Lag] = {}

    def note(name: str, late: Sequence[float], more: str = "") -> None:
        lag = found[name] = summary(late)
        milliseconds = [1000 * each for each in (lag.median, lag.p99, lag.worst)]
        columns = "  ".join(f"{each:8.2f}" for each in milliseconds)
        print(f"{name:22} {columns}  {more}", flush=True)

    print(f"{'lag in ms':22} {'median':>8}  {'p99':>8}  {'worst':>8}")
    answer(server.url, {"model": "tiny", "prompt": "hello", "options": {"num_predict": 4}})
    with probe(server) as late:
        time.sleep(options.seconds)
    note("idle", late)
    with child_load(server.url, options.streams) as send:
        send("hello")  # the streams are running by now
        with probe(server) as late:
            time.sleep(options.seconds)
        note(f"{options.streams} streams", late)
        for name, text in prompts(int(options.megabytes * 1e6)).items():
            with probe(server) as late:
                seconds, outcome = send(text)
            note(name, late, f"{seconds:.2f} s, {outcome[:40]}")
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and say by the exit status whether every p99 is below the goal."""
    options = parser().parse_args(arguments)
    if options.switch:
        sys.setswitchinterval(options.switch / 1000)
    with tempfile.TemporaryDirectory() as folder:
        models = Path(folder) / "models"
        Store(models).install_tiny()
        with in_process(Settings(models=models, num_parallel=options.streams)) as server:
            found = measure(server, options)
    worst = max(lag.p99 for lag in found.values())
    print(f"worst p99 {1000 * worst:.1f} ms, goal {1000 * GOAL:.0f} ms")
    return int(worst > GOAL)


def parser() -> argparse.ArgumentParser:
    """The command line."""
    this = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    this.add_argument("--seconds", type=float, default=5, help="idle and streaming (%(default)s)")
    this.add_argument("--streams", type=int, default=8, help="at once (%(default)s)")
    this.add_argument("--megabytes", type=float, default=1, help="of a prompt (%(default)s)")
    this.add_argument("--switch", type=float, metavar="MS", help="interval at which threads switch")
    return this


if __name__ == "__main__":
    sys.exit(main())
