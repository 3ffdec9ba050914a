"""The engine of a model that makes embeddings: token ids in, one vector for each text out.

Of a model that ranks, a text is a query and a document together, and its vector is their scores.

It is stepped as the engine of a text model is, but keeps nothing between steps: a text is computed
whole in one pass, as many texts at a time as have room, in the order in which they came. A row sees
its own text alone, so a vector does not depend on what else is in the pass.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np

from pyollama.engine.engine import CONTEXT_MULTIPLE
from pyollama.engine.pages import pages_for
from pyollama.models.loader import Model
from pyollama.models.pooling import pool
from pyollama_tensor.batch import Batch
from pyollama_tensor.types import I32, Array

MOST_ROWS = 2048  # of one text, unless a request wants more
ROWS_PER_PASS = 512  # of several texts together; a longer one goes alone
PAGES_PER_PASS = 128  # at least; each text begins a page of its own


Text: TypeAlias = Sequence[int] | I32


@dataclass(eq=False)
class EncodeRequest:
    """Texts to embed.

    texts: token ids of each, at least one and at most as many as ``Encoder.n_ctx``
    vectors: float32 (n_embd,), or (labels,) if the model ranks, of those that are done, in the
        same order
    """

    texts: Sequence[Text]
    vectors: list[Array] = field(default_factory=list)

    @property
    def prompt_eval_count(self) -> int:
        """How many tokens are evaluated for it."""
        return sum(map(len, self.texts))


@dataclass(frozen=True)
class Encoded:
    """A request whose vectors are all there."""

    request: EncodeRequest
    error: None = None
    is_last: bool = True


Part = tuple[EncodeRequest, Text]
"""One text of a request."""


class Encoder:
    """Runs any number of requests, first come, first served.

    n_ctx: tokens of the longest text that it takes: of the context asked for, rounded up as in a
        text model, and no more than n_batch (0: the context, up to MOST_ROWS) or the model knows
    """

    def __init__(self, model: Model, n_ctx: int, n_batch: int = 0) -> None:
        assert model.pooling is not None, "the model makes text"
        self.model = model
        self.pooling = model.pooling
        rounded = -(-n_ctx // CONTEXT_MULTIPLE) * CONTEXT_MULTIPLE
        n_batch = n_batch or min(n_ctx, MOST_ROWS)
        self.n_ctx = min(rounded, n_batch, model.config.n_ctx_train)
        n_page = max(pages_for(self.n_ctx), PAGES_PER_PASS)
        self.cache = model.new_cache_for_one_pass(n_page)
        self.waiting: deque[EncodeRequest] = deque()

    @property
    def busy(self) -> bool:
        """Whether there is anything to step."""
        return bool(self.waiting)

    def add(self, request: EncodeRequest) -> None:
        """Queue a request with at least one text, each of a length that ``fits``."""
        assert request.texts and all(self.fits(len(text)) for text in request.texts)
        self.waiting.append(request)

    def fits(self, n_token: int) -> bool:
        """Whether a text of so many tokens can be embedded."""
        return 0 < n_token <= self.n_ctx

    def cancel(self, request: EncodeRequest) -> None:
        """Drop a request wherever it is."""
        if request in self.waiting:
            self.waiting.remove(request)

    def step(self) -> list[Encoded]:
        """Embed the next texts in one pass; gives the requests that are complete by it."""
        parts = self._plan()
        lengths = [len(text) for _, text in parts]
        rows = self.model.states(whole_texts([text for _, text in parts], self.model), self.cache)
        starts = np.cumsum([0, *lengths])
        for (request, _), start, length in zip(parts, starts, lengths, strict=False):
            request.vectors.append(self._vector(rows[start : start + length]))
        done = []
        while self.waiting and len(self.waiting[0].vectors) == len(self.waiting[0].texts):
            done.append(Encoded(self.waiting.popleft()))
        return done

    def _vector(self, rows: Array) -> Array:
        """What is told of a text, from all its rows, (T, n_embd)."""
        vector = pool(rows, self.pooling)
        return self.model.scores(vector[np.newaxis])[0] if self.pooling.ranks else vector

    def _plan(self) -> list[Part]:
        """The next texts, in order, as many as one pass has rows and pages for; one at least."""
        parts: list[Part] = []
        n_row = n_page = 0
        for request in self.waiting:
            for i in range(len(request.vectors), len(request.texts)):
                text = request.texts[i]
                n_row += len(text)
                n_page += pages_for(len(text))
                if parts and (n_row > ROWS_PER_PASS or n_page > self.cache.n_page):
                    return parts
                parts.append((request, text))
        return parts


def whole_texts(texts: Sequence[Text], model: Model) -> Batch:
    """A pass over whole texts, each from position 0 and on pages of its own."""
    lengths = [len(text) for text in texts]
    n_pages = [pages_for(n) for n in lengths]
    tables = np.zeros((len(texts), max(n_pages)), np.int32)
    for table, n, first in zip(tables, n_pages, np.cumsum([0, *n_pages]), strict=False):
        table[:n] = np.arange(first, first + n)
    return Batch(
        tokens=np.concatenate([np.asarray(text, np.int32) for text in texts]),
        rows=None,
        positions=np.concatenate([np.arange(n, dtype=np.int32) for n in lengths]),
        sequences=np.repeat(np.arange(len(texts), dtype=np.int32), lengths),
        tables=tables,
        wanted=np.arange(sum(lengths), dtype=np.int32),
        causal=model.causal,
    )
