"""The numba backend: allocates results and hands contiguous arrays to the kernels.

Kernels take C-contiguous float32 of a fixed number of dimensions; `reference` says what each gives.
"""

from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from pyollama_formats.blocks import GGMLType
from pyollama_tensor.jit import on_warmup, warmup, warmup_names
from pyollama_tensor.kernels import attention, drawing, elementwise, pages
from pyollama_tensor.kernels import rope as rotation
from pyollama_tensor.recording import (
    Arena,
    NotRecordable,
    Recording,
    Replay,
    contiguous,
    empty,
    fresh,
)
from pyollama_tensor.threads import new_tape, pool, replay
from pyollama_tensor.types import F32, I32
from pyollama_tensor.weights import embedding, linear, linears, make_weight, warmup_name

if TYPE_CHECKING:
    from pyollama_tensor.batch import Batch
    from pyollama_tensor.cache import Element, LayerCache
    from pyollama_tensor.rope import Rope

__all__ = [
    "add",
    "draw",
    "embedding",
    "gelu",
    "layer_norm",
    "linear",
    "linears",
    "make_weight",
    "paged_attention",
    "prepare",
    "record",
    "rms_norm",
    "rope",
    "silu_gate",
    "softmax",
    "take_rows",
    "write_pages",
]


ATTENTION: dict["Element", str] = {
    "f16": "attention",
    "q8_0": "attention on q8_0",
    "q4_0": "attention on q4_0",
}
"""The warm-ups of attention over a cache of each kind."""


def _rows(x: F32) -> F32:
    """Any shape (..., D) as C-contiguous rows (T, D)."""
    return contiguous(x).reshape(-1, x.shape[-1])


def rms_norm(x: F32, weight: F32, eps: float) -> F32:
    """x / sqrt(mean(x^2) + eps) * weight over the last axis."""
    rows = _rows(x)
    out = empty(rows.shape)
    elementwise.rms_norm(pool(), rows, weight, float(eps), out)
    return out.reshape(x.shape)


def layer_norm(x: F32, weight: F32, bias: F32, eps: float) -> F32:
    """(x - mean) / sqrt(variance + eps) * weight + bias over the last axis."""
    rows = _rows(x)
    out = empty(rows.shape)
    elementwise.layer_norm(pool(), rows, weight, bias, float(eps), out)
    return out.reshape(x.shape)


def add(x: F32, y: F32) -> F32:
    """x + y; y is (..., D) too, or (D,)."""
    rows = _rows(x)
    out = empty(rows.shape)
    elementwise.add(pool(), rows, _rows(y), out)
    return out.reshape(x.shape)


def take_rows(x: F32, rows: I32) -> F32:
    """x[rows]: (T, D), (n,) -> (n, D)."""
    out = empty((len(rows), x.shape[1]))
    elementwise.take_rows(pool(), contiguous(x), rows, out)
    return out


def gelu(x: F32) -> F32:
    """x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3)))."""
    rows = _rows(x)
    out = empty(rows.shape)
    elementwise.gelu(pool(), rows, out)
    return out.reshape(x.shape)


def silu_gate(gate: F32, up: F32) -> F32:
    """silu(gate) * up."""
    rows = _rows(gate)
    out = empty(rows.shape)
    elementwise.silu_gate(pool(), rows, _rows(up), out)
    return out.reshape(gate.shape)


def softmax(x: F32) -> F32:
    """exp(x) over its sum along the last axis."""
    rows = _rows(x)
    out = empty(rows.shape)
    elementwise.softmax(pool(), rows, out)
    return out.reshape(x.shape)


def rope(x: F32, positions: I32, rope: "Rope") -> F32:
    """Rotate each head's pairs by its row's position: (T, H, E) -> (T, H, E)."""
    x = contiguous(x)
    cos, sin = fresh((rope, positions), lambda: rope.tables(positions))
    out = empty(x.shape)
    rotation.rope(pool(), x, cos, sin, rope.neox, out)
    return out


def write_pages(cache: "LayerCache", k: F32, v: F32, places: I32) -> None:
    """Store keys (T, K, E) and values (T, K, Ev) at places (T,): page * PAGE + place in it."""
    k, v = contiguous(k), contiguous(v)
    pages.write_pages(pool(), k, v, places, cache.pages)


def paged_attention(q: F32, cache: "LayerCache", batch: "Batch", scale: float) -> F32:
    """Grouped-query attention of each row over its own sequence: (T, H, E) -> (T, H, Ev)."""
    q = contiguous(q)
    out = empty((*q.shape[:2], cache.n_kept_v))
    attention.paged_attention(
        pool(),
        q,
        cache.pages,
        batch.tables,
        batch.sequences,
        batch.lengths,
        np.float32(scale),
        out,
    )
    return contiguous(out[..., : cache.n_embd_head_v])


def draw(logits: F32, top_k: int, top_p: float, min_p: float, temperature: float, u: float) -> int:
    """The id of a token drawn from a row of logits, (V,), or -1 if they are not finite."""
    numbers = float(top_p), float(min_p), float(temperature), float(u)
    return drawing.draw(np.ascontiguousarray(logits, np.float32), top_k, *numbers)


def prepare(types: Iterable[GGMLType], element: "Element") -> None:
    """Load the kernels that decoding needs, or compile them."""
    weights = {warmup_name(type) for type in types}.intersection(warmup_names())
    warmup(names={"norms and gates", "drawing", ATTENTION[element], *weights})


def record(run: Callable[[], F32], arena: Arena) -> tuple[F32, Replay]:
    """The result of a pass, and what runs it again. NotRecordable if that would not be the same."""
    recording = Recording(new_tape(), arena)
    try:
        with recording:
            result = run()
    except MemoryError as error:  # of `threads.note`
        raise NotRecordable("the pass is too long for a tape") from error

    def again() -> F32:
        replay(recording)
        return result

    return result, again


def _warm_up_rows() -> None:
    """Compile the kernels over rows that every decoded token goes through."""
    one = np.ones((1, 16), np.float32)
    rms_norm(one, one[0], 1e-5)
    silu_gate(one, one)
    add(one, take_rows(one, np.zeros(1, np.int32)))
    record(lambda: add(one, one), Arena())[1]()


def _warm_up_drawing() -> None:
    """Compile what draws a token."""
    draw(np.zeros(1, np.float32), 1, 0.9, 0.1, 1.0, 0.5)


def _warm_up_encoder() -> None:
    """Compile the kernels over rows that only encoders (BERT) need."""
    one = np.ones((1, 16), np.float32)
    gelu(layer_norm(one, one[0], one[0], 1e-5))


def _warm_up_attention(element: "Element") -> None:
    """Compile what a layer does between its matrices, on a cache of one page."""
    from pyollama_tensor.batch import Batch
    from pyollama_tensor.cache import LayerCache
    from pyollama_tensor.rope import rope_frequencies

    zero = np.zeros(1, np.int32)
    batch = Batch(zero, None, zero, zero, np.zeros((1, 1), np.int32), zero)
    cache = LayerCache(1, 1, 32, 32, element)
    heads = np.ones((1, 1, 32), np.float32)
    write_pages(cache, rope(heads, zero, rope_frequencies(32, 10000.0)), heads, zero)
    paged_attention(heads, cache, batch, 1.0)


on_warmup("norms and gates", _warm_up_rows)
on_warmup("drawing", _warm_up_drawing)
on_warmup("norms of encoders", _warm_up_encoder)
for _element, _name in ATTENTION.items():
    on_warmup(_name, partial(_warm_up_attention, _element))
