"""The KV cache: keys and values of past positions, in pages shared by all sequences of a model.

Shapes: T rows of a batch, K = n_head_kv, E = n_embd_head_k, Ev = n_embd_head_v.
Which pages belong to which sequence is the engine's business; here a page is a number.
"""

import numpy as np

from pyollama_tensor import backend
from pyollama_tensor.batch import PAGE, Batch, BatchError
from pyollama_tensor.kept import (
    BLOCK,
    LANES,
    Element,
    Kept,
    Pages,
    fits,
    has_scales,
    times_scales,
    unpacked,
    zeros,
)
from pyollama_tensor.rope import Rope
from pyollama_tensor.types import F32, I32, U16

__all__ = ["Element", "KVCache", "LayerCache"]


class LayerCache:
    """The pages of one layer.

    k: (n_page, K, PAGE / 16, E, 16). Sixteen positions lie side by side for each input, so that
       sixteen scores are computed at once without a sum across lanes.
    v: (n_page, K, PAGE, Ev). A position's value is one run, added up weighted by its score. Ev is
       rounded up to a multiple of 16 there; what is beyond stays zero.
    k_scales: (n_page, K, PAGE / 16, E / 32, 16), v_scales: (n_page, K, Ev / 32, PAGE), float16
       as uint16: of the blocks of each position's vectors, again with positions side by side.
       Where nothing is scaled no page has any, and one block is as long as the vector.
    How numbers are kept is told in `kept`; four bits take half the last dimension of k and v.
    """

    k: Kept
    v: Kept
    k_scales: U16
    v_scales: U16

    def __init__(
        self, n_page: int, n_head_kv: int, n_embd_head_k: int, n_embd_head_v: int, element: Element
    ) -> None:
        heads = n_head_kv, n_embd_head_k, n_embd_head_v
        self._take(empty_pages(1, n_page, *heads, element), 0, element, n_embd_head_v)

    @classmethod
    def of(cls, pages: Pages, i: int, element: Element, n_embd_head_v: int) -> "LayerCache":
        """Layer i of arrays that hold the pages of all layers."""
        layer = cls.__new__(cls)
        layer._take(pages, i, element, n_embd_head_v)
        return layer

    def _take(self, pages: Pages, i: int, element: Element, n_embd_head_v: int) -> None:
        self.k, self.k_scales, self.v, self.v_scales = (array[i] for array in pages)
        self.element: Element = element
        self.n_embd_head_v = n_embd_head_v
        self.n_kept_v = kept_values(n_embd_head_v)

    @property
    def pages(self) -> Pages:
        """All arrays, for kernels."""
        return Pages(self.k, self.k_scales, self.v, self.v_scales)

    @property
    def nbytes(self) -> int:
        """Bytes reserved."""
        return sum(array.nbytes for array in self.pages)

    def write(self, k: F32, v: F32, batch: Batch) -> None:
        """Keep the keys (T, K, E) and values (T, K, Ev) of the batch's rows in their pages."""
        self.check(batch)
        if k.shape != (batch.n_row, self.k.shape[1], self.k.shape[3]):
            raise BatchError(f"keys of shape {k.shape} do not fit the cache")
        if v.shape != (batch.n_row, self.v.shape[1], self.n_embd_head_v):
            raise BatchError(f"values of shape {v.shape} do not fit the cache")
        backend.backend.write_pages(self, k, v, batch.places)

    def move(self, source: I32, target: I32, turn: Rope | None, by: I32) -> None:
        """Copy positions to other places, all read before the first is written.

        source, target: int32 (N,), page * PAGE + place in the page
        turn, by: rotate the keys further, by so many positions each, int32 (N,)
        """
        page, place = np.divmod(source, np.int32(PAGE))
        pages, index = np.unique(page, return_inverse=True)
        keys, values = self.floats(pages)
        k = keys[index, :, place // LANES, :, place % LANES]  # (N, K, E)
        v = values[index, :, place]  # (N, K, Ev)
        if turn is not None:
            k = backend.backend.rope(k, by, turn)
        backend.backend.write_pages(self, k, v, target)

    def check(self, batch: Batch) -> None:
        """Raise BatchError if the batch names a page that this cache does not have."""
        if batch.n_page > len(self.k):
            raise BatchError(f"page {batch.n_page - 1} is beyond the cache's {len(self.k)} pages")

    def floats(self, pages: I32) -> tuple[F32, F32]:
        """The keys and values of n pages as float32: (n, K, 2, E, 16) and (n, K, PAGE, Ev)."""
        scales = (self.k_scales, self.v_scales)
        k_scales, v_scales = (s[pages] if len(s) else s for s in scales)
        keys = times_scales(unpacked(self.k[pages]), k_scales, axis=3)
        values = times_scales(unpacked(self.v[pages]), v_scales.swapaxes(2, 3), axis=3)
        return keys, values[..., : self.n_embd_head_v]


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
        self.pages = empty_pages(n_layer, n_page, n_head_kv, n_embd_head_k, n_embd_head_v, element)
        self.layers = [LayerCache.of(self.pages, i, element, n_embd_head_v) for i in range(n_layer)]

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

    def copy_page(self, source: int, target: int, n_position: int) -> None:
        """Make the first positions of one page another's too, in every layer."""
        n_block = -(-n_position // LANES)
        k, k_scales, v, v_scales = self.pages
        k[:, target, :, :n_block] = k[:, source, :, :n_block]
        v[:, target, :, :n_position] = v[:, source, :, :n_position]
        if k_scales.size:
            k_scales[:, target, :, :n_block] = k_scales[:, source, :, :n_block]
            v_scales[:, target, ..., :n_position] = v_scales[:, source, ..., :n_position]

    @property
    def nbytes(self) -> int:
        """Bytes reserved over all layers."""
        return sum(layer.nbytes for layer in set(self.layers))


def kept_values(n_embd_head_v: int) -> int:
    """The length of a value as it is kept."""
    return -(-n_embd_head_v // LANES) * LANES


def empty_pages(
    n_layer: int,
    n_page: int,
    n_head_kv: int,
    n_embd_head_k: int,
    n_embd_head_v: int,
    element: Element,
) -> Pages:
    """The arrays of `LayerCache` for several layers, (n_layer, n_page, ...), all zero.

    Zeros reserve address space only: memory comes when a page is first written.
    """
    assert fits(element, n_embd_head_k) and fits(element, n_embd_head_v)
    n_block, is_scaled = PAGE // LANES, has_scales(element)
    n_k, n_v = (n_embd_head_k // BLOCK, n_embd_head_v // BLOCK) if is_scaled else (1, 1)
    n_scaled = n_page if is_scaled else 0
    return Pages(
        zeros(element, n_layer, n_page, n_head_kv, n_block, n_embd_head_k, LANES),
        np.zeros((n_layer, n_scaled, n_head_kv, n_block, n_k, LANES), np.uint16),
        zeros(element, n_layer, n_page, n_head_kv, PAGE, kept_values(n_embd_head_v)),
        np.zeros((n_layer, n_scaled, n_head_kv, n_v, PAGE), np.uint16),
    )
