"""The NumPy twins against the formulas, written once more in float64 and without arrays' tricks."""

from collections.abc import Callable
from math import cos, exp, sin, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyollama_formats.blocks import GGMLType
from pyollama_tensor import reference
from pyollama_tensor.batch import PAGE, Batch
from pyollama_tensor.cache import LayerCache
from pyollama_tensor.rope import Rope
from pyollama_tensor.types import F32, F64

MakeBatch = Callable[..., Batch]
MakeCache = Callable[..., LayerCache]


def weight(rows: F32) -> reference.RawWeight:
    return reference.make_weight(rows.view(np.uint8), GGMLType.F32, rows.shape[1])


def test_linear_multiplies_each_row() -> None:
    w = weight(np.array([[1, 2], [3, 4], [5, 6]], np.float32))
    x = np.array([[1, 1], [0, 2]], np.float32)
    np.testing.assert_array_equal(reference.linear(x, w), [[3, 7, 11], [4, 8, 12]])
    assert (w.n_in, w.n_out, w.nbytes) == (2, 3, 24)


def test_linear_joins_its_slabs() -> None:
    rows = np.arange(reference.SLAB + 1, dtype=np.float32)[:, None]
    np.testing.assert_array_equal(
        reference.linear(np.ones((1, 1), np.float32), weight(rows)), rows.T
    )


def test_linears_gives_one_result_per_weight() -> None:
    w = weight(np.array([[1, 2]], np.float32))
    first, second = reference.linears(np.array([[3, 4]], np.float32), (w, w))
    assert first == second == 11


def test_embedding_picks_rows() -> None:
    w = weight(np.array([[1, 2], [3, 4], [5, 6]], np.float32))
    out = reference.embedding(w, np.array([2, 0, 2], np.int32))
    np.testing.assert_array_equal(out, [[5, 6], [1, 2], [5, 6]])


def test_rms_norm_by_hand() -> None:
    x = np.array([[3, 4]], np.float32)
    out = reference.rms_norm(x, np.array([1, 10], np.float32), 0.0)
    np.testing.assert_allclose(out, [[3 / sqrt(12.5), 40 / sqrt(12.5)]], rtol=1e-6)


def test_silu_gate_by_hand_and_without_overflow() -> None:
    gate = np.array([0.0, 1.0, -200.0, 200.0], np.float32)
    out = reference.silu_gate(gate, np.array([5.0, 2.0, 1.0, 1.0], np.float32))
    np.testing.assert_allclose(out, [0.0, 2 / (1 + exp(-1)), 0.0, 200.0], rtol=1e-6, atol=1e-30)


def test_softmax_of_large_numbers() -> None:
    out = reference.softmax(np.array([[1000.0, 1000.0, -1000.0]], np.float32))
    np.testing.assert_array_equal(out, [[0.5, 0.5, 0.0]])


@pytest.mark.parametrize(("neox", "partner"), [(False, 1), (True, 2)])
def test_rope_turns_each_pair_and_leaves_the_rest(neox: bool, partner: int) -> None:
    x = np.zeros((1, 1, 5), np.float32)
    x[0, 0, 0], x[0, 0, 4] = 1.0, 7.0
    out = reference.rope(x, np.array([3], np.int32), Rope(np.array([0.5, 0.1]), 1.0, neox))[0, 0]
    expected = np.zeros(5)
    expected[0], expected[partner], expected[4] = cos(1.5), sin(1.5), 7.0
    np.testing.assert_allclose(out, expected, atol=1e-7)


def naive_attention(q: F64, k: F64, v: F64, scale: float) -> F64:
    """One query (E,) over keys (n, E) and values (n, Ev)."""
    weights = [exp(scale * sum(a * b for a, b in zip(q, key, strict=True))) for key in k]
    total = sum(weights)
    out: F64 = sum(
        (w / total * value for w, value in zip(weights, v, strict=True)), np.zeros(v.shape[1])
    )
    return out


@given(
    past=st.lists(st.integers(0, 40), min_size=1, max_size=3),
    group=st.integers(1, 8),
    causal=st.booleans(),
    seed=st.integers(0, 2**32),
)
def test_attention_is_the_formula(
    make_batch: MakeBatch,
    make_cache: MakeCache,
    past: list[int],
    group: int,
    causal: bool,
    seed: int,
) -> None:
    rng = np.random.default_rng(seed)
    batch = make_batch(rng, past, rng.integers(1, 3, len(past)), causal)
    cache = make_cache(rng, batch, 2, (4, 3), "f32")
    q = rng.standard_normal((batch.n_row, 2 * group, 4), np.float32)
    out = reference.paged_attention(q, cache, batch, 0.5)
    for t in range(batch.n_row):
        mine = batch.sequences == batch.sequences[t]
        last = batch.positions[t] if causal else batch.positions[mine].max()
        pages = batch.tables[batch.sequences[t]]
        for h in range(2 * group):
            k = np.array(
                [
                    cache.k[pages[p // PAGE], h // group, p % PAGE // 16, :, p % 16]
                    for p in range(last + 1)
                ]
            )
            v = np.array(
                [cache.v[pages[p // PAGE], h // group, p % PAGE, :3] for p in range(last + 1)]
            )
            expected = naive_attention(q[t, h].astype(float), k.astype(float), v.astype(float), 0.5)
            np.testing.assert_allclose(out[t, h], expected, rtol=1e-4, atol=1e-6)
