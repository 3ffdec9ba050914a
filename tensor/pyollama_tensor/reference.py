"""Every operation in plain NumPy: the definition that the kernels are tested against.

Nothing here is clever. Arrays are float32 in and out; weights are dequantized on the fly.
Shapes: T rows, H query heads, K key heads, E inputs and Ev values per head, P rotated pairs.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pyollama_formats.blocks import GGMLType, dequantize
from pyollama_tensor.kept import LANES, encode, has_scales, packed, unpacked
from pyollama_tensor.recording import Arena, Replay
from pyollama_tensor.types import F32, I32, U8

if TYPE_CHECKING:
    from pyollama_tensor.backend import Weight
    from pyollama_tensor.batch import Batch
    from pyollama_tensor.cache import Element, LayerCache
    from pyollama_tensor.rope import Rope

SLAB = 4096
"""Rows of a weight that are dequantized at a time: a large vocabulary would fill the memory."""


@dataclass(frozen=True, eq=False)
class RawWeight:
    """A matrix kept as the blocks of its file: `data` is uint8 (n_out, row_bytes)."""

    data: U8
    type: GGMLType
    n_in: int

    @property
    def n_out(self) -> int:
        """Outputs: the number of rows."""
        return len(self.data)

    @property
    def nbytes(self) -> int:
        """Bytes of memory held (perhaps a mapped file's)."""
        return self.data.nbytes

    def dequantize(self, first: int, last: int) -> F32:
        """Rows first to last (exclusive) as float32 (last - first, n_in)."""
        return dequantize(self.data[first:last], self.type)


def make_weight(data: U8, type: GGMLType, n_in: int) -> RawWeight:
    """A weight that leaves the rows of a GGUF tensor, uint8 (n_out, row_bytes), where they are."""
    return RawWeight(data, type, n_in)


def prepare(types: Iterable[GGMLType], element: "Element") -> None:
    """NumPy is ready."""


def record(run: Callable[[], F32], arena: Arena) -> tuple[F32, Replay]:
    """Nothing is faster the second time: the pass is what runs it again."""
    return run(), run


def add(x: F32, y: F32) -> F32:
    """x + y."""
    return x + y


def take_rows(x: F32, rows: I32) -> F32:
    """Some rows of x: (T, D), (n,) -> (n, D)."""
    return x[rows]


def linear(x: F32, w: "Weight") -> F32:
    """W x for each row: (T, n_in) -> (T, n_out).

    Row by row, because a matrix product may add in another order when it has more rows.
    """
    out = np.empty((len(x), w.n_out), np.float32)
    for first in range(0, w.n_out, SLAB):
        last = min(first + SLAB, w.n_out)
        rows = w.dequantize(first, last)
        for t, row in enumerate(x):
            out[t, first:last] = rows @ row
    return out


def linears(x: F32, weights: Sequence["Weight"]) -> tuple[F32, ...]:
    """Several linears of the same input."""
    return tuple(linear(x, w) for w in weights)


def embedding(w: "Weight", tokens: I32) -> F32:
    """Rows of W: (T,) -> (T, n_in)."""
    out = np.empty((len(tokens), w.n_in), np.float32)
    for t, token in enumerate(tokens.tolist()):
        out[t] = w.dequantize(token, token + 1)[0]
    return out


def rms_norm(x: F32, weight: F32, eps: float) -> F32:
    """x / sqrt(mean(x^2) + eps) * weight over the last axis: any shape (..., D) -> the same."""
    mean = np.mean(x.astype(np.float64) ** 2, axis=-1, keepdims=True)
    normed: F32 = (x / np.sqrt(mean + eps)).astype(np.float32)
    return normed * weight


def layer_norm(x: F32, weight: F32, bias: F32, eps: float) -> F32:
    """(x - mean) / sqrt(variance + eps) * weight + bias over the last axis: any shape."""
    exact = x.astype(np.float64)
    centred = exact - exact.mean(axis=-1, keepdims=True)
    variance = np.mean(centred**2, axis=-1, keepdims=True)
    normed: F32 = (centred / np.sqrt(variance + eps)).astype(np.float32)
    return normed * weight + bias


def gelu(x: F32) -> F32:
    """x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3))): any shape -> the same."""
    exact = x.astype(np.float64)
    inner = np.sqrt(2.0 / np.pi) * (exact + 0.044715 * exact**3)
    out: F32 = (0.5 * exact * (1.0 + np.tanh(inner))).astype(np.float32)
    return out


def silu_gate(gate: F32, up: F32) -> F32:
    """silu(gate) * up, where silu(x) = x / (1 + exp(-x)): any shape -> the same."""
    with np.errstate(over="ignore"):  # 1 / (1 + inf) is the 0 that it should be
        sigmoid = 1.0 / (1.0 + np.exp(-gate.astype(np.float64)))
    out: F32 = (gate * sigmoid * up).astype(np.float32)
    return out


def softmax(x: F32) -> F32:
    """exp(x) over its sum along the last axis: any shape -> the same."""
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    out: F32 = e / e.sum(axis=-1, keepdims=True)
    return out


def rope(x: F32, positions: I32, rope: "Rope") -> F32:
    """Rotate each head's pairs by its row's position: (T, H, E) -> (T, H, E).

    Source: arXiv:2104.09864, equation 34. Inputs beyond n_rot pass through.
    """
    cos, sin = (table[:, None, :] for table in rope.tables(positions))  # (T, 1, P)
    n_rot = rope.n_rot
    half = n_rot // 2
    first, second = (
        (slice(0, half), slice(half, n_rot))
        if rope.neox
        else (slice(0, n_rot, 2), slice(1, n_rot, 2))
    )
    a, b = x[..., first], x[..., second]  # (T, H, P) each
    out = x.copy()
    out[..., first] = a * cos - b * sin
    out[..., second] = a * sin + b * cos
    return out


def write_pages(cache: "LayerCache", k: F32, v: F32, places: I32) -> None:
    """Store keys (T, K, E) and values (T, K, Ev) at places (T,): page * PAGE + place in it."""
    pages, places = np.divmod(places, np.int32(cache.v.shape[2]))
    block, lane = np.divmod(places, np.int32(LANES))
    touched, index = np.unique(pages, return_inverse=True)
    keys, values = unpacked(cache.k[touched]), unpacked(cache.v[touched])
    new_keys: NDArray[Any] = k
    new_values: NDArray[Any] = v
    if has_scales(cache.element):
        new_keys, cache.k_scales[pages, :, block, :, lane] = encode(k, cache.element)
        new_values, cache.v_scales[pages, :, :, places] = encode(v, cache.element)
    with np.errstate(over="ignore"):  # what float16 cannot hold becomes infinite
        keys[index, :, block, :, lane] = new_keys
        values[index, :, places, : cache.n_embd_head_v] = new_values
    cache.k[touched] = packed(keys, cache.element)
    cache.v[touched] = packed(values, cache.element)


def read_pages(cache: "LayerCache", pages: I32, length: int) -> tuple[F32, F32]:
    """The first positions of a sequence: keys (length, K, E) and values (length, K, Ev)."""
    keys, values = cache.floats(pages)
    k = keys.transpose(0, 2, 4, 1, 3)  # (page, block, lane, K, E)
    v = values.transpose(0, 2, 1, 3)  # (page, place, K, Ev)
    k = k.reshape(-1, *k.shape[3:])[:length]
    v = v.reshape(-1, *v.shape[2:])[:length]
    return k, v


def paged_attention(q: F32, cache: "LayerCache", batch: "Batch", scale: float) -> F32:
    """Grouped-query attention of each row over its own sequence: (T, H, E) -> (T, H, Ev).

    Head h reads key head h * K // H. Source: arXiv:1706.03762 (attention), 2305.13245 (groups).
    """
    out = np.empty((*q.shape[:2], cache.n_embd_head_v), np.float32)
    for t in range(batch.n_row):
        length = int(batch.lengths[t])
        pages = batch.tables[batch.sequences[t], : -(-length // cache.v.shape[2])]
        k, v = read_pages(cache, pages, length)  # (n, K, E), (n, K, Ev)
        group = q.shape[1] // k.shape[1]
        for h in range(q.shape[1]):
            scores = k[:, h // group] @ q[t, h] * np.float32(scale)  # (n,)
            out[t, h] = softmax(scores) @ v[:, h // group]
    return out


def draw(logits: F32, top_k: int, top_p: float, min_p: float, temperature: float, u: float) -> int:
    """The id of a token drawn from a row of logits, (V,), or -1 if they are not finite."""
    if not np.isfinite(logits.max()):  # the maximum of an array with a NaN is NaN
        return -1
    ids = np.argsort(-logits, kind="stable")[:top_k]
    kept = logits[ids]
    largest, t = kept[0], np.float32(temperature)
    if t <= 0:
        return int(ids[0])
    if top_p < 1:
        mass = np.cumsum(np.exp(kept - largest, dtype=np.float64))
        kept = kept[: np.searchsorted(mass / mass[-1], top_p) + 1]
    if min_p > 0:
        kept = kept[kept >= min(largest, largest + np.float32(np.log(min_p)))]
    mass = np.cumsum(np.exp((kept - largest) / t, dtype=np.float64))
    return int(ids[min(np.searchsorted(mass, u * mass[-1], side="right"), len(kept) - 1)])
