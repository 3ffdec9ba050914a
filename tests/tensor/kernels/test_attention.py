"""Paged attention against its NumPy twin, and what must not change it: neighbours and old pages."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyollama_tensor import compiled, reference
from pyollama_tensor.batch import PAGE, Batch
from pyollama_tensor.cache import Element, LayerCache

MakeBatch = Callable[..., Batch]
MakeCache = Callable[..., LayerCache]

FLOATS = st.tuples(
    st.sampled_from(["f16", "f32"]), st.tuples(st.integers(1, 40), st.integers(1, 40))
)
WHOLE_BLOCKS = st.sampled_from([32, 64, 96])
SCALED = st.tuples(st.sampled_from(["q8_0", "q4_0"]), st.tuples(WHOLE_BLOCKS, WHOLE_BLOCKS))
ELEMENTS: list[Element] = ["f32", "f16", "q8_0", "q4_0"]


@given(
    past=st.lists(st.integers(0, 100), min_size=1, max_size=3),
    n_new=st.integers(1, 40),
    n_head_kv=st.integers(1, 3),
    group=st.integers(1, 9),
    kept=st.one_of(FLOATS, SCALED),
    causal=st.booleans(),
    seed=st.integers(0, 2**32),
)
def test_attention_is_its_twin(
    make_batch: MakeBatch,
    make_cache: MakeCache,
    past: list[int],
    n_new: int,
    n_head_kv: int,
    group: int,
    kept: tuple[Element, tuple[int, int]],
    causal: bool,
    seed: int,
) -> None:
    rng = np.random.default_rng(seed)
    element, sizes = kept
    batch = make_batch(rng, past, [n_new] * len(past), causal)
    cache = make_cache(rng, batch, n_head_kv, sizes, element)
    q = rng.standard_normal((batch.n_row, n_head_kv * group, sizes[0]), np.float32)
    out = compiled.paged_attention(q, cache, batch, 0.25)
    assert out.flags.c_contiguous
    expected = reference.paged_attention(q, cache, batch, 0.25)
    np.testing.assert_allclose(out, expected, rtol=1e-4, atol=2e-6)


@pytest.mark.parametrize("element", ELEMENTS)
def test_attention_is_exact_but_for_what_the_cache_has_rounded(
    make_batch: MakeBatch, make_cache: MakeCache, element: Element
) -> None:
    rng = np.random.default_rng(1)
    batch = make_batch(rng, [700], [1])
    cache = make_cache(rng, batch, 2, (64, 64), element)
    q = rng.standard_normal((1, 8, 64), np.float32)
    k, v = (x.astype(np.float64) for x in reference.read_pages(cache, batch.tables[0], 701))
    scores = np.einsum("nke,kge->kgn", k, q[0].reshape(2, 4, 64)) / 8
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    exact = np.einsum("kgn,nke->kge", weights / weights.sum(-1, keepdims=True), v)
    out = compiled.paged_attention(q, cache, batch, 1 / 8)
    np.testing.assert_allclose(out[0], exact.reshape(8, 64), rtol=1e-5, atol=2e-6)


def test_scores_far_apart_do_not_overflow(make_batch: MakeBatch, make_cache: MakeCache) -> None:
    rng = np.random.default_rng(0)
    batch = make_batch(rng, [99], [1])
    cache = make_cache(rng, batch, 1, (16, 16), "f32")
    q = rng.standard_normal((1, 4, 16), np.float32) * 1000
    out = compiled.paged_attention(q, cache, batch, 1.0)
    expected = reference.paged_attention(q, cache, batch, 1.0)
    np.testing.assert_allclose(out, expected, rtol=1e-4, atol=2e-6)


@given(
    past=st.lists(st.integers(0, 70), min_size=2, max_size=6),
    group=st.integers(1, 8),
    element=st.sampled_from(ELEMENTS),
    seed=st.integers(0, 2**32),
)
def test_a_row_has_the_same_bits_alone(
    make_batch: MakeBatch,
    make_cache: MakeCache,
    past: list[int],
    group: int,
    element: Element,
    seed: int,
) -> None:
    rng = np.random.default_rng(seed)
    batch = make_batch(rng, past, [1] * len(past))
    cache = make_cache(rng, batch, 2, (32, 32), element)
    q = rng.standard_normal((batch.n_row, 2 * group, 32), np.float32)
    together = compiled.paged_attention(q, cache, batch, 0.25)
    for t in range(batch.n_row):
        row = slice(t, t + 1)
        alone = Batch(
            tokens=np.zeros(1, np.int32),
            rows=None,
            positions=batch.positions[row],
            sequences=batch.sequences[row],
            tables=batch.tables,
            wanted=np.zeros(1, np.int32),
        )
        out = compiled.paged_attention(q[row], cache, alone, 0.25)
        np.testing.assert_array_equal(out[0], together[t])


@given(
    length=st.integers(1, 3 * PAGE),
    element=st.sampled_from(ELEMENTS),
    seed=st.integers(0, 2**32),
)
def test_what_an_old_owner_left_in_a_page_is_never_seen(
    make_batch: MakeBatch, length: int, element: Element, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    batch = make_batch(rng, [length - 1], [1])
    q = rng.standard_normal((1, 4, 32), np.float32)
    clean = LayerCache(batch.n_page, 2, 32, 32, element)
    used = LayerCache(batch.n_page, 2, 32, 32, element)
    for array in used.pages:
        array.view(np.uint8)[...] = rng.choice(
            [0x00, 0x7C, 0x7F, 0x80, 0xFF], array.view(np.uint8).shape
        )
    k, v = rng.standard_normal((2, length, 2, 32), np.float32)
    written = Batch(
        tokens=np.zeros(length, np.int32),
        rows=None,
        positions=np.arange(length, dtype=np.int32),
        sequences=np.zeros(length, np.int32),
        tables=batch.tables,
        wanted=np.zeros(0, np.int32),
    )
    for cache in (clean, used):
        reference.write_pages(cache, k, v, written.places)
    np.testing.assert_array_equal(
        compiled.paged_attention(q, used, batch, 0.25),
        compiled.paged_attention(q, clean, batch, 0.25),
    )
