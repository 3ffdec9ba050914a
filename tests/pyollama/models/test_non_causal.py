"""An encoder's pass: every row sees its whole sequence, and nothing is kept between passes.

BERT and its kin are built so, and their layers use the same parts as a decoder's. A sequence is
given whole, so its pages live for one pass only, and one layer's pages can serve all layers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from exact_model import attend
from numpy.typing import NDArray

from pyollama.models.parts.attention import (
    AttentionWeights,
    Heads,
    join_heads,
    queries_keys_values,
)
from pyollama.models.parts.projection import Projection
from pyollama_formats.blocks import GGMLType
from pyollama_tensor.batch import PAGE, Batch
from pyollama_tensor.cache import LayerCache
from pyollama_tensor.ops import make_weight, paged_attention
from pyollama_tensor.types import F32

HEADS = Heads(n_head=4, n_head_kv=4, n_embd_head=16)
N_EMBD = 64
N_LAYER = 3
LENGTHS = [[5, 1, 40], [70], [2, 33, 32, 3]]  # of the sequences of one pass

pytestmark = pytest.mark.usefixtures("each_backend")


@dataclass(frozen=True)
class Plain:
    """A projection as NumPy sees it."""

    weight: F32  # (n_out, n_in)
    bias: F32  # (n_out,)

    def loaded(self) -> Projection:
        rows = np.ascontiguousarray(self.weight).view(np.uint8)
        return Projection(make_weight(rows, GGMLType.F32, self.weight.shape[1]), self.bias)

    def __call__(self, x: NDArray[Any]) -> NDArray[Any]:
        y: NDArray[Any] = x @ self.weight.T.astype(np.float64) + self.bias
        return y


def random_layer(rng: np.random.Generator) -> dict[str, Plain]:
    """The four projections of one layer's attention."""
    matrices = rng.normal(0.0, N_EMBD**-0.5, (4, N_EMBD, N_EMBD)).astype(np.float32)
    biases = rng.normal(0.0, 0.5, (4, N_EMBD)).astype(np.float32)
    return {
        name: Plain(matrix, bias)
        for name, matrix, bias in zip(("q", "k", "v", "output"), matrices, biases, strict=True)
    }


def whole_sequences(rows: F32, lengths: Sequence[int]) -> Batch:
    """Rows (T, D) of sequences one after another, each from position 0, on pages of its own."""
    n_table = -(-max(lengths) // PAGE)
    pages = np.arange(len(lengths) * n_table, dtype=np.int32)[::-1].copy()
    return Batch(
        tokens=None,
        rows=rows,
        positions=np.concatenate([np.arange(n, dtype=np.int32) for n in lengths]),
        sequences=np.repeat(np.arange(len(lengths), dtype=np.int32), lengths),
        tables=pages.reshape(len(lengths), n_table),
        wanted=np.arange(sum(lengths), dtype=np.int32),
        causal=False,
    )


def encode(batch: Batch, layers: Sequence[AttentionWeights]) -> F32:
    """x + attention(x) in every layer, without positions, as a model would write it: (T, D)."""
    assert batch.rows is not None
    x, size = batch.rows, HEADS.n_embd_head
    pages = LayerCache(batch.n_page, HEADS.n_head_kv, size, size, "f32")
    for w in layers:
        q, k, v = queries_keys_values(x, w, HEADS)
        pages.write(k, v, batch)
        x = x + join_heads(paged_attention(q, pages, batch), w)
    return x


def exactly(x: NDArray[Any], layers: Sequence[dict[str, Plain]]) -> NDArray[Any]:
    """The same of one sequence, in float64: (T, D) -> (T, D)."""
    x = x.astype(np.float64)
    shape = (len(x), HEADS.n_head, HEADS.n_embd_head)
    everything = np.ones((len(x), len(x)), dtype=bool)
    for w in layers:
        q, k, v = (w[name](x).reshape(shape) for name in "qkv")
        x = x + w["output"](attend(q, k, v, everything).reshape(len(x), -1))
    return x


@pytest.mark.parametrize("lengths", LENGTHS, ids=str)
def test_each_row_sees_all_of_its_sequence_and_nothing_else(lengths: list[int]) -> None:
    rng = np.random.default_rng(len(lengths))
    plain = [random_layer(rng) for _ in range(N_LAYER)]
    layers = [AttentionWeights(**{k: p.loaded() for k, p in w.items()}) for w in plain]
    rows = rng.standard_normal((sum(lengths), N_EMBD), np.float32)
    out = encode(whole_sequences(rows, lengths), layers)
    starts = np.cumsum(lengths)[:-1]
    for mine, given in zip(np.split(out, starts), np.split(rows, starts), strict=True):
        np.testing.assert_allclose(mine, exactly(given, plain), rtol=1e-4, atol=1e-5)


def test_what_an_earlier_pass_left_in_the_pages_is_not_seen() -> None:
    rng = np.random.default_rng(0)
    pages = LayerCache(2, 4, 16, 16, "f32")
    q, k, v = rng.standard_normal((3, 40, 4, 16), np.float32)
    long = whole_sequences(np.zeros((40, N_EMBD), np.float32), [40])
    pages.write(np.full_like(k, 9.0), np.full_like(v, np.nan), long)
    short = whole_sequences(np.zeros((35, N_EMBD), np.float32), [35])
    pages.write(k[:35], v[:35], short)
    seen = paged_attention(q[:35], pages, short)
    everything = np.ones((35, 35), dtype=bool)
    exact_q, exact_k, exact_v = (a[:35].astype(np.float64) for a in (q, k, v))
    expected = attend(exact_q, exact_k, exact_v, everything)
    np.testing.assert_allclose(seen, expected, rtol=1e-4, atol=1e-5)
