"""What is written to the cache is read back from the right place, and nothing else changes."""

from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyollama_tensor import reference
from pyollama_tensor.batch import PAGE, Batch, BatchError
from pyollama_tensor.cache import Element, KVCache, LayerCache


@given(
    lengths=st.lists(st.integers(1, 70), min_size=1, max_size=3),
    element=st.sampled_from(["f16", "f32"]),
    seed=st.integers(0, 2**32),
)
def test_rows_are_read_back_in_order(
    make_batch: Callable[..., Batch], lengths: list[int], element: Element, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    batch = make_batch(rng, [0] * len(lengths), lengths)
    cache = LayerCache(batch.n_page, 2, 5, 3, element)
    k = rng.integers(-9, 9, (batch.n_row, 2, 5)).astype(np.float32)  # exact in float16
    v = rng.integers(-9, 9, (batch.n_row, 2, 3)).astype(np.float32)
    cache.write(k, v, batch)
    for s, length in enumerate(lengths):
        rows = np.flatnonzero(batch.sequences == s)
        keys, values = reference.read_pages(cache, batch.tables[s], length)
        np.testing.assert_array_equal(keys, k[rows])
        np.testing.assert_array_equal(values, v[rows])


def test_only_the_places_of_the_batch_change(make_batch: Callable[..., Batch]) -> None:
    batch = make_batch(np.random.default_rng(0), [40, 3], [2, 1])
    cache = LayerCache(batch.n_page, 1, 4, 4, "f32")
    cache.write(np.ones((3, 1, 4), np.float32), np.ones((3, 1, 4), np.float32), batch)
    assert cache.k.sum() == cache.v.sum() == 3 * 4


def test_what_a_half_cannot_hold_becomes_infinite(make_batch: Callable[..., Batch]) -> None:
    batch = make_batch(np.random.default_rng(0), [0], [1])
    cache = LayerCache(batch.n_page, 1, 1, 1, "f16")
    huge = np.full((1, 1, 1), -1e6, np.float32)
    for write in (
        partial(cache.write, huge, huge, batch),
        partial(reference.write_pages, cache, huge, huge, batch.places),
    ):
        write()
        k, v = reference.read_pages(cache, batch.tables[0], 1)
        assert k == v == -np.inf


def test_memory_is_counted_over_all_layers() -> None:
    cache = KVCache(3, 2, 4, 8, 16, "f16")
    assert cache.nbytes == 3 * 2 * PAGE * 4 * (8 + 16) * 2
    assert len(cache.layers) == 3


def test_for_one_pass_all_layers_share_their_memory() -> None:
    cache = KVCache.for_one_pass(3, 2, 4, 8, 16)
    assert cache.nbytes == 2 * PAGE * 4 * (8 + 16) * 4
    assert len(cache.layers) == 3
    assert cache.layers[0].k is cache.layers[2].k


def test_a_page_beyond_the_cache_is_refused(make_batch: Callable[..., Batch]) -> None:
    batch = make_batch(np.random.default_rng(0), [0, 0], [1, 1])
    cache = LayerCache(1, 1, 4, 4, "f16")
    with pytest.raises(BatchError, match="page 1 is beyond the cache's 1 pages"):
        cache.write(np.ones((2, 1, 4), np.float32), np.ones((2, 1, 4), np.float32), batch)


@pytest.mark.parametrize(("k", "v"), [((1, 1, 5), (1, 1, 4)), ((1, 1, 4), (2, 1, 4))])
def test_rows_of_another_shape_are_refused(
    make_batch: Callable[..., Batch], k: tuple[int, ...], v: tuple[int, ...]
) -> None:
    batch = make_batch(np.random.default_rng(0), [0], [1])
    with pytest.raises(BatchError, match="do not fit the cache"):
        LayerCache(1, 1, 4, 4, "f16").write(np.ones(k, np.float32), np.ones(v, np.float32), batch)
