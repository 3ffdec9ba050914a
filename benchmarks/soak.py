#!/usr/bin/env python3
"""A long rude day for a server: clients that leave at any moment, models that evict each other.

    python benchmarks/soak.py [--clients 8] [--generations 200] [--seed 0]

Every client asks for one generation after the other, of either of two models of which only one may
be loaded, and leaves some of them while it waits, or in the middle of the answer. Afterwards every
page of the KV cache must be free, memory and threads must have stayed as they were, and nothing may
have been logged as an error. Then a server in a process of its own is killed under load, and the
next one on the same store must find every file as it was and answer.
"""

import argparse
import gc
import hashlib
import logging
import os
import random
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from httptools import HttpParserError
from random_model import SHAPES, random_model
from servers import InProcess, add_model, child, in_process
from streaming import answer, asked

from pyollama.engine import Engine
from pyollama.settings import Settings
from pyollama.store import Store

MODELS = ("tiny", "noise")  # the packaged one, and one of random weights
WORDS = ["one", "two", "sky", "blue", "why", "does", "the", "sea", "sing", "of", "old", "ships"]
PAUSE = 0.02  # seconds between looks at memory and threads
GROWTH = 0.15  # of memory from the first third to the last: a young server fills its caches
QUIET = 30.0  # seconds in which the server must come to rest


@dataclass(frozen=True)
class Look:
    """The process at one moment: generations ended so far, threads, bytes of memory in use."""

    n_done: int
    n_thread: int
    resident: int


@dataclass
class Report:
    """What happened, and what is left behind."""

    outcomes: Counter[str] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)
    looks: list[Look] = field(default_factory=list)
    longest_wait: float = 0.0  # seconds until the first line of an answer
    most_overtaken: int = 0  # generations that ended while one waited for its first line
    n_page_held: int = 0
    n_engine_left: int = 0  # beyond those of loaded models

    def third(self, number: int, what: str) -> float:
        """The median of n_thread or resident in the first, second or last third (0, 1, 2)."""
        n = max(look.n_done for look in self.looks) + 1
        span = range(number * n // 3, (number + 1) * n // 3)
        return float(statistics.median(getattr(x, what) for x in self.looks if x.n_done in span))

    @property
    def threads_grown(self) -> float:
        """How many threads more the last third had than the first."""
        return self.third(2, "n_thread") - self.third(0, "n_thread")

    @property
    def memory_grown(self) -> float:
        """By what share the memory of the last third exceeds that of the first."""
        return self.third(2, "resident") / self.third(0, "resident") - 1


class Client:
    """One client with a will of its own."""

    def __init__(self, url: str, seed: int, report: Report) -> None:
        self.url = url
        self.rng = random.Random(seed)
        self.report = report

    def run(self, n_generation: int) -> None:
        """Ask again and again; what the server says of errors is kept for the report."""
        for _ in range(n_generation):
            try:
                outcome = self.ask()
            except (OSError, HttpParserError, ValueError) as error:
                outcome = "broken"
                self.report.errors.append(f"{type(error).__name__}: {error}")
            self.report.outcomes[outcome] += 1

    def ask(self) -> str:
        """One generation: left before the first line, left after some lines, or read to its end."""
        rng, report = self.rng, self.report
        body = {
            "model": rng.choice(MODELS),
            "prompt": " ".join(rng.choices(WORDS, k=rng.choice((1, 20, 150)))),
            "keep_alive": rng.choice(("5m", "5m", 0)),
            "options": {"num_predict": rng.randint(1, 40), "seed": rng.randrange(2**31)},
        }
        patience = rng.choice(("none", "some", "all"))
        started, n_before = time.perf_counter(), report.outcomes.total()
        with asked(self.url, body) as arriving:
            if patience == "none":
                time.sleep(rng.random() * rng.choice((0.01, 0.1, 1.0)))
                return "left at once"
            first = next(arriving)
            report.longest_wait = max(report.longest_wait, first.arrived - started)
            n_overtaking = report.outcomes.total() - n_before
            report.most_overtaken = max(report.most_overtaken, n_overtaking)
            event = first.event
            for n, line in enumerate(arriving):
                event = line.event
                if patience == "some" and n == rng.randint(0, 10):
                    return "left in the middle"
        if "error" in event:
            self.report.errors.append(str(event["error"]))
            return "refused"
        return "answered" if event["done"] else "cut off"


class Errors(logging.Handler):
    """Notes what is logged as an error, and exceptions that end threads."""

    def __init__(self, found: list[str]) -> None:
        super().__init__(logging.ERROR)
        self.found = found

    def emit(self, record: logging.LogRecord) -> None:
        """Note one record with its traceback."""
        self.found.append(self.format(record))


@contextmanager
def errors_noted(report: Report) -> Iterator[None]:
    """Whatever goes wrong inside the server while the block runs becomes an error of the report."""
    handler, before = Errors(report.errors), threading.excepthook
    logging.getLogger().addHandler(handler)
    threading.excepthook = lambda failed: report.errors.append(repr(failed.exc_value))
    try:
        yield
    finally:
        threading.excepthook = before
        logging.getLogger().removeHandler(handler)


def soak(server: InProcess, n_client: int, n_generation: int, seed: int) -> Report:
    """Let the clients loose, and look at what they leave behind."""
    report, n_before = Report(), count_engines()
    clients = [Client(server.url, 1000 * seed + i, report) for i in range(n_client)]
    threads = [threading.Thread(target=each.run, args=(n_generation,)) for each in clients]
    with errors_noted(report):
        for thread in threads:
            thread.start()
        while all(thread.is_alive() for thread in threads):  # the first to end changes the count
            n_done = report.outcomes.total()
            report.looks.append(Look(n_done, threading.active_count(), resident()))
            time.sleep(PAUSE)
        for thread in threads:
            thread.join()
        come_to_rest(server)
    slots = list(server.serving.scheduler.slots.values())
    engines = [slot.loaded.runner.engine for slot in slots if slot.loaded]
    report.n_page_held = sum(engine.pool.n_page - engine.pool.n_free for engine in engines)
    report.n_engine_left = count_engines() - n_before - len(engines)
    return report


def count_engines() -> int:
    """How many engines this process holds, in use or leaked."""
    gc.unfreeze()  # a server may have put its objects out of the collector's sight
    gc.collect()
    # by their very type: asking some objects of other libraries for their class wakes them up
    return sum(type(each) is Engine for each in gc.get_objects())


def come_to_rest(server: InProcess) -> None:
    """Wait until nobody uses a model any more; RuntimeError if that never happens."""
    scheduler = server.serving.scheduler
    deadline = time.monotonic() + QUIET
    while time.monotonic() < deadline:
        slots = list(scheduler.slots.values())
        in_use = [s for s in slots if s.loaded is None or s.n_users or s.loaded.runner.engine.busy]
        if not (in_use or scheduler.loads or scheduler.unloads):
            return
        time.sleep(PAUSE)
    raise RuntimeError("the server does not come to rest")


def resident() -> int:
    """Bytes of memory that this process has in use."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def killed_under_load(models: Path, n_client: int = 4, seconds: float = 1.0) -> list[str]:
    """Kill a server that is answering and being filled, start the next; what is wrong after it."""
    before = digests(models)
    with child(models, {"OLLAMA_MAX_LOADED_MODELS": "1"}) as server:
        answer(server.url, {"model": "tiny", "prompt": "hello"})
        for i in range(n_client):
            threading.Thread(target=until_killed, args=(server.url, i), daemon=True).start()
        time.sleep(seconds)
        server.process.kill()
        server.process.wait()
    with child(models, {}) as server:
        found = [model for model in MODELS if not answer(server.url, body_of(model))]
    after = digests(models)
    changed = [str(path) for path in before if before[path] != after.get(path)]
    return [*found, *changed, *(str(path) for path in after.keys() - before.keys())]


def until_killed(url: str, number: int) -> None:
    """Generations, one after the other, until the server is gone."""
    while True:
        try:
            answer(url, body_of(MODELS[number % 2]))
        except (OSError, HttpParserError, ValueError, RuntimeError):
            return


def body_of(model: str) -> dict[str, object]:
    """A request for some text."""
    return {"model": model, "prompt": "hello", "options": {"num_predict": 60, "temperature": 1}}


def digests(folder: Path) -> dict[Path, str]:
    """Every file of a folder, and the digest of what it holds."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def new_store(folder: Path) -> Path:
    """A store with both models."""
    store = Store(folder / "models")
    store.install_tiny()
    noise = folder / "noise.gguf"
    random_model(noise, SHAPES["llama-2m"], "q8_0")
    add_model(store, "noise", noise)
    return folder / "models"


def main(arguments: Sequence[str] | None = None) -> int:
    """Soak, print what was found, and say by the exit status whether all is well."""
    options = parser().parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        models = new_store(Path(folder))
        settings = Settings(models=models, num_parallel=4, max_loaded_models=1)
        with in_process(settings) as server:
            report = soak(server, options.clients, options.generations, options.seed)
        wrong = killed_under_load(models)
    waiting = f"longest wait {report.longest_wait:.1f} s, overtaken by {report.most_overtaken}"
    print(dict(report.outcomes), waiting)
    print(f"pages held {report.n_page_held}, engines left behind {report.n_engine_left}")
    print(f"threads {report.threads_grown:+g}, memory {report.memory_grown:+.1%}")
    print(f"errors {len(report.errors)}", *report.errors[:5], sep="\n  ")
    print(f"after a kill: {wrong or 'all as it was'}")
    left = report.n_page_held or report.n_engine_left or report.threads_grown > 0
    return int(bool(left or report.errors or wrong or report.memory_grown > GROWTH))


def parser() -> argparse.ArgumentParser:
    """The command line."""
    this = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    this.add_argument("--clients", type=int, default=8, help="at once (%(default)s)")
    this.add_argument("--generations", type=int, default=200, help="of each (%(default)s)")
    this.add_argument("--seed", type=int, default=0, help="of what they do (%(default)s)")
    return this


if __name__ == "__main__":
    sys.exit(main())
