"""The engine of one loaded model: token ids in, token ids out, a step at a time.

It has no thread and no clock of its own: whoever owns it calls ``step`` while ``busy``. A step is
one token for every decoding sequence and one chunk of one prompt. The two go through the model as
two batches: a decoding row then uses the same arithmetic whatever else is going on, and an answer
does not depend on its neighbours.
"""

from collections import deque

import numpy as np

from pyollama.engine.pages import PagePool, pages_for
from pyollama.engine.request import DoneReason, Event, Request
from pyollama.engine.sequence import Sequence
from pyollama.models.loader import Model
from pyollama_tensor.batch import Batch
from pyollama_tensor.cache import Element
from pyollama_tensor.types import Array

CONTEXT_MULTIPLE = 256  # llama.cpp rounds a context up to this: clients see its limits
MAX_DECODE_ROWS = 16  # below the 32 rows from which a matrix product may change its method


class Engine:
    """Runs up to n_slot requests at once over one cache; the others wait in order of arrival.

    n_ctx is the room of one sequence, in positions; n_batch the length of a prefill chunk.
    """

    def __init__(
        self,
        model: Model,
        n_ctx: int,
        n_slot: int = 1,
        n_batch: int = 512,
        element: Element = "f16",
    ) -> None:
        self.model = model
        self.n_ctx = -(-n_ctx // CONTEXT_MULTIPLE) * CONTEXT_MULTIPLE
        self.n_slot = n_slot
        self.n_batch = n_batch
        self.pool = PagePool(n_slot * pages_for(self.n_ctx))
        self.cache = model.new_cache(self.pool.n_page, element)
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
        """Admit what there is room for, then advance every running request."""
        self._admit()
        decoding = [sequence for sequence in self.running if not sequence.in_prefill]
        prefilling = next((s for s in self.running if s.in_prefill), None)
        events: list[Event] = []
        for first in range(0, len(decoding), MAX_DECODE_ROWS):
            events += self._decode(decoding[first : first + MAX_DECODE_ROWS])
        if prefilling is not None:
            events += self._prefill(prefilling)
        return events

    def _admit(self) -> None:
        while self.waiting and len(self.running) < self.n_slot:
            request = self.waiting.popleft()
            for token in request.prompt:
                request.sampler.accept(token)
            self.running.append(Sequence(request, self.pool, self.n_ctx))

    def _decode(self, sequences: list[Sequence]) -> list[Event]:
        """One token for each of some sequences, in one pass over the weights."""
        for sequence in sequences:
            sequence.table.reach(sequence.n_past + 1)
        n_table = max(sequence.table.n_held for sequence in sequences)
        rows = np.arange(len(sequences), dtype=np.int32)
        batch = Batch(
            tokens=np.array([s.last_token for s in sequences], dtype=np.int32),
            rows=None,
            positions=np.array([s.n_past for s in sequences], dtype=np.int32),
            sequences=rows,
            tables=np.stack([s.table.ids[:n_table] for s in sequences]),
            wanted=rows,
        )
        logits = self.model.forward(batch, self.cache)
        for sequence in sequences:
            sequence.n_past += 1
        return [self._sample(s, row) for s, row in zip(sequences, logits, strict=True)]

    def _prefill(self, sequence: Sequence) -> list[Event]:
        """The next chunk of one prompt; the last one gives the first token."""
        tokens = sequence.next_chunk(self.n_batch)
        end = sequence.n_past + len(tokens)
        sequence.table.reach(end)
        is_last = end == len(sequence.prompt)
        batch = Batch(
            tokens=tokens,
            rows=None,
            positions=np.arange(sequence.n_past, end, dtype=np.int32),
            sequences=np.zeros(len(tokens), dtype=np.int32),
            tables=sequence.table.ids[None, : sequence.table.n_held],
            wanted=np.array([len(tokens) - 1] if is_last else [], dtype=np.int32),
        )
        logits = self.model.forward(batch, self.cache)
        sequence.n_past = end
        return [self._sample(sequence, logits[0])] if is_last else []

    def _sample(self, sequence: Sequence, logits: Array) -> Event:
        """Choose a sequence's next token, and see whether it is the last."""
        request = sequence.request
        token = request.sampler.sample(logits)
        sequence.take_token(token)
        if token in request.end_tokens:
            self._retire(sequence)
            return Event(request, None, "stop")
        request.sampler.accept(token)
        reason = self._limit_reached(sequence)
        if reason is not None:
            self._retire(sequence)
        return Event(request, token, reason)

    def _limit_reached(self, sequence: Sequence) -> DoneReason | None:
        """ "length" if the sequence may not or cannot go on."""
        out_of_budget = sequence.n_generated >= sequence.request.num_predict
        out_of_context = sequence.n_past >= self.n_ctx
        return "length" if out_of_budget or out_of_context else None

    def _retire(self, sequence: Sequence) -> None:
        """Free everything that a sequence holds."""
        self.running.remove(sequence)
        sequence.table.release()
