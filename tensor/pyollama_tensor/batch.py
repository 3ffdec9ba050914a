"""One forward pass: rows of any number of sequences, and where each row lives in the KV cache.

Shapes: T rows in the batch, S sequences, D = n_embd.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from pyollama_formats.errors import PyollamaError
from pyollama_tensor.types import F32, I32

PAGE = 32
"""Positions per page of the KV cache, a multiple of the 16 lanes that attention works on."""

Row = tuple[int, int, I32]
"""One token to decode: its id, its position, and the page ids of its sequence, (n_held,)."""


class BatchError(PyollamaError):
    """A batch whose arrays do not fit each other."""


@dataclass(frozen=True, eq=False)
class Batch:
    """Rows of any number of sequences, in one pass.

    Kernels check no bounds, so what they follow is checked here, once per pass.
    """

    tokens: I32 | None  # (T,) token ids, or
    rows: F32 | None  # (T, D) embedding rows instead of tokens
    positions: I32  # (T,) place of each row in its own sequence, from 0
    sequences: I32  # (T,) the row of `tables` that each row belongs to
    tables: I32  # (S, n_table) page ids: position p is in page tables[s, p // PAGE]; 0 if unused
    wanted: I32  # (n_wanted,) the rows whose logits are wanted
    causal: bool = True  # False: each row sees all rows of its sequence (BERT, image spans)

    def __post_init__(self) -> None:
        _check_types(self)
        _check_bounds(self)

    @property
    def n_row(self) -> int:
        """T, the number of rows."""
        return len(self.positions)

    @cached_property
    def n_page(self) -> int:
        """The pages that a cache must have: one more than the largest page id."""
        return int(self.tables.max()) + 1

    @cached_property
    def places(self) -> I32:
        """Where each row is kept: page id * PAGE + place in the page, (T,)."""
        pages: I32 = self.tables[self.sequences, self.positions // PAGE]
        return pages * np.int32(PAGE) + self.positions % np.int32(PAGE)

    @cached_property
    def lengths(self) -> I32:
        """How many positions each row attends to, (T,): 0 to its own, or to its sequence's last."""
        if self.causal:
            return self.positions + np.int32(1)
        last = np.zeros(len(self.tables), np.int32)
        np.maximum.at(last, self.sequences, self.positions)
        lengths: I32 = last[self.sequences] + np.int32(1)
        return lengths

    def follow(self, rows: Sequence[Row]) -> None:
        """Take other tokens of other places, in the arrays that are here, one of each sequence.

        rows: as many as there are here. Numbers one by one: there are few, and each operation on
        whole arrays would take as long as all of this.
        """
        assert self.tokens is not None
        assert len(rows) == self.n_row == len(self.tables)
        n_page = 0
        for i, (token, position, pages) in enumerate(rows):
            n_table = len(pages)
            if not 0 <= position < n_table * PAGE or n_table > self.tables.shape[1]:
                raise BatchError(f"position {position} lies outside the {n_table} pages")
            if pages.min() < 0:
                raise BatchError("a page id is negative")
            self.tables[i, :n_table] = pages
            self.tokens[i], self.positions[i] = token, position
            self.places[i] = int(pages[position // PAGE]) * PAGE + position % PAGE
            self.lengths[i] = position + 1
            n_page = max(n_page, int(pages.max()) + 1)
        self.__dict__["n_page"] = n_page


def batch_of(rows: Sequence[Row]) -> Batch:
    """One token of each of some sequences, all of whose logits are wanted."""
    tables = np.zeros((len(rows), max(len(pages) for _, _, pages in rows)), np.int32)
    for table, (_, _, pages) in zip(tables, rows, strict=True):
        table[: len(pages)] = pages
    each = np.arange(len(rows), dtype=np.int32)
    tokens = np.array([token for token, _, _ in rows], np.int32)
    positions = np.array([position for _, position, _ in rows], np.int32)
    return Batch(tokens, None, positions, each, tables, each)


def _check_types(batch: Batch) -> None:
    """Exactly one input; int32 vectors of one length; a table of two dimensions."""
    if (batch.tokens is None) == (batch.rows is None):
        raise BatchError("a batch holds either tokens or embedding rows")
    n_row = len(batch.positions)
    for name in ("tokens", "positions", "sequences", "wanted"):
        array = getattr(batch, name)
        if array is not None and (array.dtype != np.int32 or array.ndim != 1):
            raise BatchError(f"batch.{name} is not a vector of int32")
    given: I32 | F32 | None = batch.rows if batch.tokens is None else batch.tokens
    assert given is not None
    if n_row == 0 or len(given) != n_row or len(batch.sequences) != n_row:
        raise BatchError("a batch needs one token or embedding row, position and sequence per row")
    if batch.tables.dtype != np.int32 or batch.tables.ndim != 2:
        raise BatchError("batch.tables is not a matrix of int32")


def _check_bounds(batch: Batch) -> None:
    """Every index stays inside what it points into."""
    n_sequence, n_table = batch.tables.shape
    if batch.positions.min() < 0 or batch.positions.max() >= n_table * PAGE:
        raise BatchError(f"a position lies outside the {n_table} pages of its sequence")
    if batch.sequences.min() < 0 or batch.sequences.max() >= n_sequence:
        raise BatchError(f"a row belongs to none of the {n_sequence} sequences")
    if batch.tables.min() < 0:
        raise BatchError("a page id is negative")
    if len(batch.wanted) and (batch.wanted.min() < 0 or batch.wanted.max() >= batch.n_row):
        raise BatchError(f"a wanted row is none of the {batch.n_row} rows")
