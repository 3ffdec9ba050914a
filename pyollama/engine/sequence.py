"""One request while it runs: how far it has come, and the pages that hold its keys and values."""

import time

import numpy as np
from numpy.typing import NDArray

from pyollama.engine.pages import PagePool, PageTable
from pyollama.engine.request import Request

FIRST_TOKEN_NS = 1000  # the first token comes with the prompt; llama.cpp counts it so


class Sequence:
    """A running request.

    n_past counts the positions already in the cache. While it is short of the prompt the sequence
    is in prefill; from then on each step feeds ``last_token`` back and samples the next.
    """

    def __init__(self, request: Request, pool: PagePool, n_ctx: int) -> None:
        self.request = request
        self.prompt: NDArray[np.int32] = np.asarray(request.prompt, dtype=np.int32)
        self.table = PageTable(pool, n_ctx)
        self.n_past = 0
        self.n_generated = 0
        self.last_token = -1
        self.clock = 0
        request.stats.prompt_eval_count = len(self.prompt)

    @property
    def in_prefill(self) -> bool:
        """Whether part of the prompt is not in the cache yet."""
        return self.n_past < len(self.prompt)

    def next_chunk(self, n_batch: int) -> NDArray[np.int32]:
        """The prompt's next tokens, cut at multiples of n_batch counted from the prompt's start.

        The boundaries depend on the request alone, so that its arithmetic does not depend on who
        else is being served.
        """
        if not self.clock:
            self.clock = time.perf_counter_ns()
        return self.prompt[self.n_past : (self.n_past // n_batch + 1) * n_batch]

    def take_token(self, token: int) -> None:
        """Note a sampled token, and the time it took."""
        now = time.perf_counter_ns()
        stats = self.request.stats
        if self.n_generated == 0:
            stats.prompt_eval_duration = now - self.clock
            stats.eval_duration = FIRST_TOKEN_NS
        else:
            stats.eval_duration += now - self.clock
        self.clock = now
        self.n_generated += 1
        stats.eval_count = self.n_generated
        self.last_token = token
