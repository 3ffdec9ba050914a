"""The engine of one loaded model: token ids in, token ids out, a step at a time.

It has no thread and no clock of its own: whoever owns it calls ``step`` while ``busy``. A step is
one pass over the weights, with one token of every decoding sequence and a chunk of each prompt
that is being evaluated. A row's arithmetic depends on its own sequence alone, so an answer does
not depend on its neighbours, on where its prompt was cut, or on what was in the cache already.
"""

from collections import deque

import numpy as np

from pyollama.engine.pages import PagePool, pages_for
from pyollama.engine.passes import Passes
from pyollama.engine.request import DoneReason, Event, Request
from pyollama.engine.sequence import Sequence
from pyollama.engine.shift import shift_context
from pyollama.errors import PyollamaError
from pyollama.models.loader import Model
from pyollama.sampling.constraint import choose
from pyollama.sampling.logprobs import token_logprob
from pyollama_tensor.batch import Batch
from pyollama_tensor.cache import Element
from pyollama_tensor.types import Array

CONTEXT_MULTIPLE = 256  # llama.cpp rounds a context up to this: clients see its limits
ROWS_BESIDE_DECODING = 64  # rows of prompts in a step that running streams wait for

Part = tuple[Sequence, int]
"""A sequence, and how many of its pending tokens a step takes."""


class Engine:
    """Runs up to n_slot requests at once over one cache; the others wait in order of arrival.

    n_ctx is the room of one sequence, in positions; n_batch the rows of prompts in one step;
    n_page the pages of the cache, by default as many as n_slot full contexts take.
    """

    def __init__(
        self,
        model: Model,
        n_ctx: int,
        n_slot: int = 1,
        n_batch: int = 512,
        element: Element = "f16",
        n_page: int | None = None,
    ) -> None:
        self.model = model
        self.n_ctx = -(-n_ctx // CONTEXT_MULTIPLE) * CONTEXT_MULTIPLE
        self.n_slot = n_slot
        self.n_batch = n_batch
        n_page = n_page or n_slot * pages_for(self.n_ctx)
        assert n_page >= pages_for(self.n_ctx), "one sequence at least must be able to run"
        self.cache = model.new_cache(n_page, element)
        self.passes = Passes(model, self.cache, pages_for(self.n_ctx))
        self.pool = PagePool(self.cache)
        self.waiting: deque[Request] = deque()
        self.running: list[Sequence] = []

    @property
    def busy(self) -> bool:
        """Whether there is anything to step."""
        return bool(self.waiting or self.running)

    def add(self, request: Request) -> None:
        """Queue a request. Its prompt must be shorter than n_ctx: see ``fits``."""
        assert self.fits(len(request.prompt)), "the caller checks the prompt's length"
        self.waiting.append(request)

    def fits(self, n_prompt: int) -> bool:
        """Whether a prompt leaves room for at least one token."""
        return 0 < n_prompt < self.n_ctx

    def cancel(self, request: Request) -> None:
        """Drop a request wherever it is; its pages are free when this returns."""
        if request in self.waiting:
            self.waiting.remove(request)
        for sequence in self.running:
            if sequence.request is request:
                self._retire(sequence)
                return

    def step(self) -> list[Event]:
        """Admit what there is room for, then advance every running request in one pass."""
        self._admit()
        parts = self._plan()
        logits = iter(self._logits(parts))
        events = []
        for sequence, n_row in parts:
            sequence.advance(n_row)
            if not sequence.n_pending:
                events.append(self._sample(sequence, next(logits)))
        return events

    def _admit(self) -> None:
        """Start requests in order of arrival, while there are slots and enough pages for each."""
        while self.waiting and len(self.running) < self.n_slot:
            n_promised = sum(self._most_pages(sequence.request) for sequence in self.running)
            if n_promised + self._most_pages(self.waiting[0]) > self.pool.n_page:
                return
            request = self.waiting.popleft()
            request.sampler.accept_all(request.prompt)
            self.running.append(Sequence(request, self.pool, self.n_ctx))

    def _most_pages(self, request: Request) -> int:
        """The most pages that a request can come to hold, shared ones included."""
        return pages_for(min(len(request.prompt) + request.num_predict, self.n_ctx))

    def _plan(self) -> list[Part]:
        """What the next step takes of each sequence: all decoding ones, and prompts in turn.

        Prompts share the rows evenly. One whose next page is being computed for another waits
        for it, and finds it in the cache at the next step.
        """
        decoding = [sequence for sequence in self.running if not sequence.in_prefill]
        for sequence in decoding:
            if sequence.n_past + 1 >= self.n_ctx:
                shift_context(sequence, self.cache, self.model.rope, self.n_ctx)
        prompts: list[Sequence] = []
        for sequence in self.running:
            if sequence.in_prefill:
                sequence.adopt()
                if not any(sequence.follows(earlier) for earlier in prompts):
                    prompts.append(sequence)
        n_row = min(self.n_batch, ROWS_BESIDE_DECODING) if decoding else self.n_batch
        return [(s, 1) for s in decoding] + share_rows(prompts, n_row)

    def _logits(self, parts: list[Part]) -> Array:
        """One pass: the logits of each sequence that has no pending tokens after it."""
        for sequence, n_row in parts:
            sequence.table.reach(sequence.n_past + n_row)
        if all(sequence.n_pending == 1 for sequence, _ in parts):
            return self.passes.decode([sequence.row for sequence, _ in parts])
        return self.passes.forward(batch_of_parts(parts))

    def _sample(self, sequence: Sequence, logits: Array) -> Event:
        """Choose a sequence's next token, and see whether it is the last."""
        request = sequence.request
        try:
            token = choose(request.sampler.sample, logits, request.constraint)
        except PyollamaError as error:
            self._retire(sequence)
            return Event(request, None, None, error=error)
        sequence.take_token(token)
        if token in request.end_tokens:
            self._retire(sequence)
            return Event(request, None, "stop")
        request.sampler.accept(token)
        reason = self._limit_reached(sequence)
        if reason is not None:
            self._retire(sequence)
        n_top = request.n_top_logprobs
        logprob = None if n_top is None else token_logprob(logits, token, n_top)
        return Event(request, token, reason, logprob)

    def _limit_reached(self, sequence: Sequence) -> DoneReason | None:
        """ "length" if the sequence may not or cannot go on."""
        request = sequence.request
        out_of_budget = sequence.n_generated >= request.num_predict
        out_of_context = not request.shift and sequence.n_past + 1 >= self.n_ctx
        return "length" if out_of_budget or out_of_context else None

    def _retire(self, sequence: Sequence) -> None:
        """Free everything that a sequence holds."""
        self.running.remove(sequence)
        sequence.release()


def share_rows(prompts: list[Sequence], n_row: int) -> list[Part]:
    """Split a step's rows evenly over prompts; what one does not need goes to those after it."""
    parts = []
    for i, sequence in enumerate(prompts):
        share = min(sequence.n_pending, -(-n_row // (len(prompts) - i)))
        if share:
            parts.append((sequence, share))
        n_row -= share
    return parts


def batch_of_parts(parts: list[Part]) -> Batch:
    """The rows of all parts, one after another; each sequence holds the pages that it needs."""
    n_table = max(sequence.table.n_held for sequence, _ in parts)
    counts = [n_row for _, n_row in parts]
    ends = np.cumsum(counts, dtype=np.int32)
    is_last = [sequence.n_pending == n_row for sequence, n_row in parts]
    spans = [(sequence, sequence.n_past, sequence.n_past + n) for sequence, n in parts]
    return Batch(
        tokens=np.concatenate([s.tokens[first:last] for s, first, last in spans]),
        rows=None,
        positions=np.concatenate([np.arange(a, b, dtype=np.int32) for _, a, b in spans]),
        sequences=np.repeat(np.arange(len(parts), dtype=np.int32), counts),
        tables=np.stack([sequence.table.ids[:n_table] for sequence, _ in parts]),
        wanted=ends[is_last] - np.int32(1),
    )
