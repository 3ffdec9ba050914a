"""One request while it runs: its tokens, how many of them are in the cache, and in which pages."""

import time

import numpy as np
from numpy.typing import NDArray

from pyollama.engine.pages import PagePool, PageTable
from pyollama.engine.request import Request
from pyollama_tensor.batch import PAGE, Row

FIRST_TOKEN_NS = 1000  # the first token comes with the prompt; llama.cpp counts it so


class Sequence:
    """A running request.

    Of its n_token known tokens the first n_past are in the cache; the others are pending. While
    the prompt is evaluated many are; from then on each step leaves one, the token just sampled.
    """

    def __init__(self, request: Request, pool: PagePool, n_ctx: int) -> None:
        self.request = request
        self.n_prompt = self.n_token = len(request.prompt)
        self.tokens: NDArray[np.int32] = np.empty(n_ctx + 1, np.int32)
        self.tokens[: self.n_prompt] = request.prompt
        self.table = PageTable(pool, n_ctx)
        self.n_past = 0
        self.n_generated = 0
        self.clock = time.perf_counter_ns()
        request.stats.prompt_eval_count = self.n_prompt
        self.adopt()
        self.n_past += self.table.continue_page(self._reusable[self.n_past :][:PAGE])

    @property
    def in_prefill(self) -> bool:
        """Whether part of the prompt is not in the cache yet."""
        return self.n_generated == 0

    @property
    def n_pending(self) -> int:
        """Known tokens that are not in the cache, at least one."""
        return self.n_token - self.n_past

    @property
    def row(self) -> Row:
        """The first pending token, for whose place there is a page."""
        table = self.table
        return int(self.tokens[self.n_past]), self.n_past, table.ids[: table.n_held]

    @property
    def _reusable(self) -> NDArray[np.int32]:
        """What may be taken from the cache: all but the last token, whose logits are wanted."""
        return self.tokens[: self.n_prompt - 1]

    def adopt(self) -> None:
        """Skip the part of the prompt that others have brought into the cache by now."""
        self.n_past = max(self.n_past, self.table.adopt(self._reusable))

    def follows(self, other: "Sequence") -> bool:
        """Whether the other one is about to bring this prompt's next page into the cache."""
        end = (self.n_past // PAGE + 1) * PAGE
        is_ahead = self.n_past <= other.n_past < end < min(self.n_prompt, other.n_prompt + 1)
        return is_ahead and np.array_equal(self.tokens[:end], other.tokens[:end])

    def advance(self, n_row: int) -> None:
        """Note that so many pending tokens are in the cache now."""
        self.n_past += n_row
        self.table.publish(self.tokens[: self.n_past])

    def release(self) -> None:
        """Let go of every page."""
        self.table.release(self.tokens[: self.n_past])

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
        self.tokens[self.n_token] = token
        self.n_token += 1
