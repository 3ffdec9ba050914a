"""A model whose decoding is measured at any context and for any number of sequences.

What is in the cache does not matter for the time, so its pages are filled with random keys and
values instead of a long prompt: 32,768 positions take seconds instead of a quarter of an hour.
"""

import statistics
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray
from peers import Setting

from pyollama.engine.passes import Passes
from pyollama.models.loader import load_model
from pyollama.sampling import Options, Sampler
from pyollama_formats.gguf.reader import open_gguf
from pyollama_tensor.batch import PAGE, Batch
from pyollama_tensor.threads import set_threads

CHUNK = 1024  # positions that are filled at once


class Growing:
    """A loaded model with a full cache of setting.n_ctx positions."""

    def __init__(self, setting: Setting) -> None:
        set_threads(setting.n_threads)
        self.rng = np.random.default_rng(0)
        self.file = open_gguf(setting.model)
        self.model = load_model(self.file)
        self.n_page = -(-setting.n_ctx // PAGE)
        self.cache = self.model.new_cache(self.n_page)
        self.passes = Passes(self.model, self.cache, self.n_page)
        for first in range(0, self.n_page * PAGE, CHUNK):
            self.fill(first, min(CHUNK, self.n_page * PAGE - first))

    def fill(self, first: int, n: int) -> None:
        """Write random keys and values to n positions of every layer."""
        heads = self.model.config.heads
        shape = (n, heads.n_head_kv, heads.n_embd_head)
        k, v = (self.rng.standard_normal(shape, np.float32) for _ in range(2))
        positions = np.arange(first, first + n, dtype=np.int32)
        batch = self.batch(positions, np.zeros(n, np.int32), 1)
        for layer in self.cache.layers:
            layer.write(k, v, batch)

    def batch(
        self, positions: NDArray[np.int32], sequences: NDArray[np.int32], n_sequence: int
    ) -> Batch:
        """Rows at positions of sequences that share the cache's pages evenly, in order."""
        n_table = self.n_page // n_sequence
        tables = np.arange(n_table * n_sequence, dtype=np.int32).reshape(n_sequence, n_table)
        tokens = self.rng.integers(0, 250, len(positions)).astype(np.int32)
        return Batch(
            tokens, None, positions, sequences, tables, np.arange(len(positions), dtype=np.int32)
        )

    def step(self, sizes: tuple[int, int, int]) -> float:
        """Median seconds of a step that decodes one token of each sequence.

        sizes: sequences, the context of each, and how many steps
        """
        n_sequence, n_context, n = sizes
        seconds = []
        for i in range(n):
            positions = np.full(n_sequence, n_context + i, np.int32)
            batch = self.batch(positions, np.arange(n_sequence, dtype=np.int32), n_sequence)
            started = time.perf_counter()
            self.passes.forward(batch)
            seconds.append(time.perf_counter() - started)
        return statistics.median(seconds)

    def sample(self, n: int) -> float:
        """Median seconds in which a token is drawn with the default options."""
        sampler = Sampler(Options(), self.model.config.n_vocab)
        seconds = []
        for _ in range(n):
            logits = self.rng.standard_normal(self.model.config.n_vocab, np.float32)
            started = time.perf_counter()
            sampler.sample(logits)
            seconds.append(time.perf_counter() - started)
        return statistics.median(seconds)


def growing(setting: Setting) -> Any:
    """The model, loaded, its cache full."""
    return Growing(setting)
