"""Forward passes of one model over one cache; those that only decode are recorded and replayed.

Most passes of a server take one token of each running sequence. For each number of sequences, up
to MOST_ROWS, the first such pass is recorded, and later ones are that one over new inputs: nothing
of Python runs between their kernels (pyollama_tensor/recording.py). A pass with chunks of prompts
is long enough to run as it is written.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from pyollama.models.loader import Model
from pyollama_tensor.batch import Batch, Row, batch_of
from pyollama_tensor.cache import KVCache
from pyollama_tensor.ops import Array, record
from pyollama_tensor.recording import Arena, NotRecordable

MOST_ROWS = 8
"""Beyond that many rows arithmetic takes so long that what is between kernels does not matter."""


@dataclass(frozen=True)
class Recorded:
    """A pass that can run again: over `batch`, whose arrays are overwritten before."""

    batch: Batch
    again: Callable[[], Array]


class Passes:
    """What the engine asks for logits. n_table: the most pages that a sequence has."""

    def __init__(self, model: Model, cache: KVCache, n_table: int) -> None:
        self.model = model
        self.cache = cache
        self.n_table = n_table
        self._arena = Arena()
        self._recorded: dict[int, Recorded] = {}
        self._recordable = True

    def forward(self, batch: Batch) -> Array:
        """Logits of the rows that the batch wants, valid until the next pass."""
        if not only_decodes(batch):
            return self.model.forward(batch, self.cache)
        assert batch.tokens is not None
        rows = zip(batch.tokens.tolist(), batch.positions.tolist(), batch.tables, strict=True)
        return self.decode(list(rows))

    def decode(self, rows: Sequence[Row]) -> Array:
        """Logits after one token of each of some sequences, valid until the next pass."""
        recorded = self._recorded.get(len(rows))
        if recorded is None:
            return self._first_pass(batch_of(rows))
        recorded.batch.follow(rows)
        self.cache.layers[0].check(recorded.batch)  # all layers have the same pages
        return recorded.again()

    def _first_pass(self, batch: Batch) -> Array:
        """Run a pass, and keep it for later ones of as many rows if that is possible."""
        if not self._recordable or batch.n_row > MOST_ROWS:
            return self.model.forward(batch, self.cache)
        own = widened(batch, self.n_table)
        try:
            logits, again = record(lambda: self.model.forward(own, self.cache), self._arena)
        except NotRecordable:
            self._recordable = False
            return self.model.forward(batch, self.cache)
        self._recorded[batch.n_row] = Recorded(own, again)
        return logits


def only_decodes(batch: Batch) -> bool:
    """Whether a batch has one token of each of a few sequences, and wants the logits of all."""
    n_row = batch.n_row
    if batch.tokens is None or not batch.causal or n_row != len(batch.tables) or n_row > MOST_ROWS:
        return False
    each = np.arange(n_row)
    return np.array_equal(batch.sequences, each) and np.array_equal(batch.wanted, each)


def widened(batch: Batch, n_table: int) -> Batch:
    """The same batch in arrays of its own, with a table that has room for n_table pages."""
    tables = np.zeros((len(batch.tables), max(n_table, batch.tables.shape[1])), np.int32)
    tables[:, : batch.tables.shape[1]] = batch.tables
    return Batch(
        tokens=None if batch.tokens is None else batch.tokens.copy(),
        rows=batch.rows,
        positions=batch.positions.copy(),
        sequences=batch.sequences.copy(),
        tables=tables,
        wanted=batch.wanted.copy(),
        causal=batch.causal,
    )
