"""What models call. Every operation takes and gives float32 arrays of the backend in use.

Shapes: T rows, H query heads, K key heads, E inputs and Ev values per head, D = n_embd.
Row independence: a row's result has the same bits whatever the other rows are, and however many,
so that an answer does not depend on who else is being served.
"""

from collections.abc import Callable, Iterable, Sequence
from math import sqrt

from pyollama_formats.blocks import GGMLType
from pyollama_tensor.backend import Weight, backend
from pyollama_tensor.batch import Batch, BatchError
from pyollama_tensor.cache import Element, LayerCache
from pyollama_tensor.recording import Arena, Replay, fresh
from pyollama_tensor.rope import Rope, rope_frequencies
from pyollama_tensor.types import F32, I32, U8, Array

__all__ = [
    "MOST_DRAWN",
    "Array",
    "Rope",
    "Weight",
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
    "rope_frequencies",
    "silu_gate",
    "softmax",
    "take_rows",
]

MOST_DRAWN = 128
"""The largest top_k of `draw`, which keeps so many in order by shifting them."""


def make_weight(data: U8, type: GGMLType, n_in: int) -> Weight:
    """A weight from the rows of a GGUF tensor: data is uint8 (n_out, row_bytes).

    The backend decides whether it repacks the data or keeps it where it is.
    """
    return backend.make_weight(data, type, n_in)


def linear(x: F32, w: Weight) -> F32:
    """W x for each row: (T, n_in) -> (T, n_out)."""
    return backend.linear(x, w)


def linears(x: F32, weights: Sequence[Weight]) -> tuple[F32, ...]:
    """Several linears of the same input, which is quantized once: each (T, n_in) -> (T, n_out)."""
    return backend.linears(x, weights)


def embedding(w: Weight, tokens: I32) -> F32:
    """The row of W that belongs to each token: (T,) -> (T, n_in). IndexError if there is none."""

    def checked() -> tuple[()]:
        if len(tokens) and (tokens.min() < 0 or tokens.max() >= w.n_out):
            raise IndexError(f"a token is not one of the {w.n_out} of the vocabulary")
        return ()

    fresh((w, tokens), checked)  # before every replay too
    return backend.embedding(w, tokens)


def add(x: F32, y: F32) -> F32:
    """x + y of the same shape (..., D), or y is a row (D,) that is added to every row of x."""
    return backend.add(x, y)


def take_rows(x: F32, rows: I32) -> F32:
    """The rows of x at the places given: (T, D), (n,) -> (n, D)."""
    return backend.take_rows(x, rows)


def prepare(types: Iterable[GGMLType], element: Element = "f16") -> None:
    """Have the code at hand that decoding needs, for matrices of these types and such a cache.

    It comes with first use anyway; while weights are being loaded it costs less time. Types
    without a kernel are left out.
    """
    backend.prepare(types, element)


def record(run: Callable[[], F32], arena: Arena) -> tuple[F32, Replay]:
    """The result of a pass of these operations, and what runs it again over the same arrays.

    The caller writes new inputs into the arrays of the first pass before each replay; see
    recording.py. NotRecordable if something of the pass would not be computed again.
    """
    return backend.record(run, arena)


def rms_norm(x: F32, weight: F32, eps: float) -> F32:
    """x / sqrt(mean(x^2) + eps) * weight over the last axis: (..., D) -> (..., D).

    Source: arXiv:1910.07467.
    """
    return backend.rms_norm(x, weight, eps)


def layer_norm(x: F32, weight: F32, bias: F32, eps: float) -> F32:
    """(x - mean) / sqrt(variance + eps) * weight + bias over the last axis: (..., D) -> the same.

    Source: arXiv:1607.06450.
    """
    return backend.layer_norm(x, weight, bias, eps)


def gelu(x: F32) -> F32:
    """x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3))): any shape -> the same.

    Source: arXiv:1606.08415, the approximation that llama.cpp computes wherever a model says GELU.
    """
    return backend.gelu(x)


def silu_gate(gate: F32, up: F32) -> F32:
    """silu(gate) * up, where silu(x) = x / (1 + exp(-x)): any shape -> the same.

    Source: arXiv:2002.05202 (SwiGLU).
    """
    return backend.silu_gate(gate, up)


def softmax(x: F32) -> F32:
    """exp(x) over its sum along the last axis: any shape -> the same."""
    return backend.softmax(x)


def rope(x: F32, positions: I32, rope: Rope) -> F32:
    """Rotate each head's pairs by its row's position: (T, H, E), (T,) -> (T, H, E).

    Source: arXiv:2104.09864. Inputs beyond rope.n_rot pass through.
    """
    return backend.rope(x, positions, rope)


def paged_attention(q: F32, cache: LayerCache, batch: Batch, scale: float | None = None) -> F32:
    """Each row attends to its own sequence up to itself: (T, H, E) -> (T, H, Ev).

    Query head h reads key head h * K // H (grouped-query attention, arXiv:2305.13245); H is a
    multiple of K. Without batch.causal a row sees its whole sequence, later rows too.
    scale: what scores are multiplied by, 1 / sqrt(E) if None.
    """
    cache.check(batch)
    n_row, n_head, n_embd_head = q.shape
    if n_row != batch.n_row or n_head % cache.k.shape[1] or n_embd_head != cache.k.shape[3]:
        raise BatchError(f"queries of shape {q.shape} do not fit the batch and its cache")
    if scale is None:
        scale = 1.0 / sqrt(n_embd_head)
    return backend.paged_attention(q, cache, batch, scale)


def draw(logits: F32, top_k: int, top_p: float, min_p: float, temperature: float, u: float) -> int:
    """The id of a token drawn from a row of logits, (V,), or -1 if they are not finite.

    The top_k likeliest, 1 to MOST_DRAWN, stand in descending order, of equals the lower id first.
    Of these stay the first whose mass reaches top_p (below 1), and of these again those at least
    min_p (above 0) times as likely as the likeliest. The logits are divided by the temperature,
    then the first is taken at which the mass exceeds u, a number in [0, 1); at a temperature of 0
    or less, the likeliest. Logits may be minus infinity, if not all are.

    Sources: arXiv:1805.04833 (top-k), 1904.09751 (top-p), 2407.01082 (min-p).
    """
    assert 1 <= top_k <= MOST_DRAWN
    return backend.draw(logits, top_k, top_p, min_p, temperature, u)
