"""This project's server and llama.cpp on the same file with the same threads, measured in turns.

Ours is `pyollama serve` in a child, by a client's clock at the arrival of lines. llama.cpp's is the
bare forward pass of its best build, or its own server where requests run at once. Either side is
started when it is first needed, and idle while the other one works.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from types import TracebackType

import compare
import llama_server
from client import NAME, Client, overall_rate
from figures import Better, Rounds
from idle import wait_until_idle
from machine import Level, restricted
from peers import Remote, Setting, llama_cpp
from servers import Child, add_model, child

from pyollama.store import Store

MOST = 2  # times the rounds asked for, while too many of them are disturbed
N_STREAM, N_ANSWER = 8, 128  # requests at once, and the tokens of each answer


@dataclass(frozen=True)
class Extent:
    """How much is measured.

    rounds: undisturbed ones, at least; n_token: decoded in each; n_answer: by each of eight
    """

    rounds: int = 8
    n_token: int = 16
    n_answer: int = N_ANSWER


class Duel(AbstractContextManager["Duel"]):
    """Both sides, ended with the block. setting.n_ctx is the room of one sequence."""

    def __init__(self, setting: Setting, level: Level, extent: Extent) -> None:
        self.setting, self.extent = setting, extent
        self.environ = restricted(level)
        self.stack = ExitStack()
        self.n_fed = 0  # tokens that are in llama.cpp's cache

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stack.close()

    @cached_property
    def server(self) -> Child:
        """Our server, confined to as many processors as there are threads."""
        variables = {
            "OLLAMA_NUM_PARALLEL": str(N_STREAM),
            "OLLAMA_CONTEXT_LENGTH": str(self.setting.n_ctx),
            "OLLAMA_KEEP_ALIVE": "-1",
            "OLLAMA_NO_CLOUD": "1",
            **self.environ,
        }
        warmup = [sys.executable, "-m", "pyollama", "warmup"]
        environ = {**os.environ, **self.environ}
        subprocess.run(warmup, check=True, capture_output=True, env=environ)
        models = Path(self.stack.enter_context(tempfile.TemporaryDirectory())) / "models"
        add_model(Store(models), NAME, self.setting.model)
        running = child(models, variables, n_cpu=self.setting.n_threads)
        return self.stack.enter_context(running)

    @cached_property
    def client(self) -> Client:
        """A client of our server, whose model is loaded and which rests."""
        client = Client(self.server.url)
        client.generate("c", 1)
        wait_until_idle(self.server.process.pid)
        return client

    @cached_property
    def theirs(self) -> Remote:
        """llama.cpp's forward pass; a single thread keeps to one processor, as our server does."""
        remote = self.stack.enter_context(Remote(llama_cpp, self.setting))
        if self.setting.n_threads == 1 and remote.process.pid is not None:
            os.sched_setaffinity(remote.process.pid, sorted(os.sched_getaffinity(0))[:1])
        return remote

    def decode(self, n_context: int) -> Rounds:
        """Tokens per second behind a context, of one stream."""
        n = self.extent.n_token
        self.client.decode(1, n_context)  # fills the cache
        ours = partial(self.client.decode, n, n_context)
        return self.rates(ours, lambda: self.their_decode(n, n_context))

    def their_decode(self, n_token: int, n_context: int) -> float:
        """llama.cpp's seconds per token behind a context, which is fed if it is not there yet."""
        self.theirs.rewind(min(self.n_fed, n_context))
        if self.n_fed < n_context:
            self.theirs.feed(compare.ids(n_context - self.n_fed, self.n_fed))
        self.n_fed = n_context
        return compare.decode(self.theirs, n_token, n_context)

    def prefill(self, n_prompt: int) -> Rounds:
        """Tokens per second of a prompt that neither side has seen before."""
        return self.rates(partial(self.client.prefill, n_prompt), lambda: self.their_fill(n_prompt))

    def their_fill(self, n_prompt: int) -> float:
        """llama.cpp's seconds per token of a prompt."""
        self.n_fed = n_prompt
        return compare.prefill(self.theirs, n_prompt)

    def together(self, n_prompt: int) -> Rounds:
        """Tokens per second of eight requests at once, their prompts included, on two servers."""
        s, n = self.setting, self.extent.n_answer
        room = -(-(n_prompt + n) // 256) * 256
        with llama_server.llama_server(s.model, N_STREAM, room, s.n_threads) as url:

            def theirs() -> float:
                prompts = [self.client.fresh(n_prompt) for _ in range(N_STREAM)]
                return overall_rate(partial(llama_server.count, url), prompts, n)

            ours = partial(self.client.throughput, N_STREAM, n_prompt, n)
            return contest(ours, theirs, self.extent.rounds, "higher")

    def rates(self, ours: Callable[[], float], theirs: Callable[[], float]) -> Rounds:
        """A contest in tokens per second, of measurements in seconds per token."""
        return contest(lambda: 1 / ours(), lambda: 1 / theirs(), self.extent.rounds, "higher")


def contest(
    ours: Callable[[], float], theirs: Callable[[], float], least: int, better: Better
) -> Rounds:
    """Measure both in turns, who begins changing each round; a round before is thrown away.

    It goes on until the other side was undisturbed in `least` rounds, but not for ever.
    """
    rounds = Rounds([], [], better)
    sides = ((ours, rounds.ours), (theirs, rounds.theirs))
    for measure, _ in sides:
        measure()
    for turn in range(MOST * least):
        for measure, found in sides if turn % 2 else sides[::-1]:
            found.append(measure())
        if len(rounds.kept) >= least:
            break
    return rounds
