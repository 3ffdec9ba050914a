"""The KV cache: keys and values of past positions, in pages shared by all sequences of a model.

Shapes: T rows of a batch, K = n_head_kv, E = n_embd_head_k, Ev = n_embd_head_v.
Which pages belong to which sequence is the engine's business; here a page is a number.
"""

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from pyollama_tensor import backend
from pyollama_tensor.batch import PAGE, Batch, BatchError
from pyollama_tensor.rope import Rope
from pyollama_tensor.types import F32, I32, U16

LANES = 16
"""Positions that lie side by side in a key block: one vector of float32."""

Element = Literal["f16", "f32"]


class LayerCache:
    """The pages of one layer.

    k: (n_page, K, PAGE / 16, E, 16). Sixteen positions lie side by side for each input, so that
       sixteen scores are computed at once without a sum across lanes.
    v: (n_page, K, PAGE, Ev). A position's value is one run, added up weighted by its score. Ev is
       rounded up to a multiple of 16 there; what is beyond stays zero.
    Both are float32, or uint16 holding the bits of float16 (numba has no float16 on the CPU).
    """

    k: F32 | U16
    v: F32 | U16

    def __init__(
        self, n_page: int, n_head_kv: int, n_embd_head_k: int, n_embd_head_v: int, element: Element
    ) -> None:
        dtype = np.dtype(np.uint16 if element == "f16" else np.float32)
        # np.zeros reserves address space only: memory comes when a page is first written.
        self.k = np.zeros((n_page, n_head_kv, PAGE // LANES, n_embd_head_k, LANES), dtype)
        padded = -(-n_embd_head_v // LANES) * LANES
        self.v = np.zeros((n_page, n_head_kv, PAGE, padded), dtype)
        self.n_embd_head_v = n_embd_head_v

    @property
    def nbytes(self) -> int:
        """Bytes reserved."""
        return self.k.nbytes + self.v.nbytes

    def write(self, k: F32, v: F32, batch: Batch) -> None:
        """Keep the keys (T, K, E) and values (T, K, Ev) of the batch's rows in their pages."""
        self.check(batch)
        if k.shape != (batch.n_row, self.k.shape[1], self.k.shape[3]):
            raise BatchError(f"keys of shape {k.shape} do not fit the cache")
        if v.shape != (batch.n_row, self.v.shape[1], self.n_embd_head_v):
            raise BatchError(f"values of shape {v.shape} do not fit the cache")
        backend.backend.write_pages(self, k, v, batch.places)

    def copy_page(self, source: int, target: int) -> None:
        """Make one page's content another's."""
        self.k[target] = self.k[source]
        self.v[target] = self.v[source]

    def move(self, source: I32, target: I32, turn: Rope | None, by: I32) -> None:
        """Copy positions to other places, all read before the first is written.

        source, target: int32 (N,), page * PAGE + place in the page
        turn, by: rotate the keys further, by so many positions each, int32 (N,)
        """
        keys, values = self.as_floats()
        page, place = np.divmod(source, np.int32(PAGE))
        k = keys[page, :, place // LANES, :, place % LANES].astype(np.float32)  # (N, K, E)
        v = values[page, :, place].astype(np.float32)  # (N, K, Ev)
        if turn is not None:
            k = backend.backend.rope(k, by, turn)
        backend.backend.write_pages(self, k, v, target)

    def check(self, batch: Batch) -> None:
        """Raise BatchError if the batch names a page that this cache does not have."""
        if batch.n_page > len(self.k):
            raise BatchError(f"page {batch.n_page - 1} is beyond the cache's {len(self.k)} pages")

    def as_floats(self) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
        """The keys and values as NumPy sees them: views of float16, or of float32."""
        kind: Any = np.float16 if self.k.dtype == np.uint16 else np.float32
        return self.k.view(kind), self.v.view(kind)[..., : self.n_embd_head_v]


class KVCache:
    """The pages of every layer of a model."""

    def __init__(
        self,
        n_layer: int,
        n_page: int,
        n_head_kv: int,
        n_embd_head_k: int,
        n_embd_head_v: int,
        element: Element = "f16",
    ) -> None:
        self.n_page = n_page
        self.layers = [
            LayerCache(n_page, n_head_kv, n_embd_head_k, n_embd_head_v, element)
            for _ in range(n_layer)
        ]

    @classmethod
    def for_one_pass(
        cls, n_layer: int, n_page: int, n_head_kv: int, n_embd_head_k: int, n_embd_head_v: int
    ) -> "KVCache":
        """Pages in float32 for sequences that are computed whole in one pass.

        No layer needs to remember what it wrote for a later pass, so all share one layer's pages.
        """
        cache = cls(1, n_page, n_head_kv, n_embd_head_k, n_embd_head_v, "f32")
        cache.layers *= n_layer
        return cache

    def copy_page(self, source: int, target: int) -> None:
        """Make one page's content another's, in every layer."""
        for layer in self.layers:
            layer.copy_page(source, target)

    @property
    def nbytes(self) -> int:
        """Bytes reserved over all layers."""
        return sum(layer.nbytes for layer in set(self.layers))
