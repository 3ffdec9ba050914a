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
from pyollama_tensor.kept import LANES
from pyollama_tensor.rope import rope_frequencies


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


@pytest.mark.parametrize(("element", "n_byte"), [("q8_0", 34), ("q4_0", 18)])
def test_scales_are_counted_too(element: Element, n_byte: int) -> None:
    cache = KVCache(3, 2, 4, 64, 64, element)
    assert cache.nbytes == 3 * 2 * PAGE * 4 * (64 + 64) // 32 * n_byte


@pytest.mark.parametrize("n_position", [1, 16, 17, PAGE])
@pytest.mark.parametrize("element", ["f32", "f16", "q8_0", "q4_0"])
def test_a_copied_page_holds_what_the_first_does_as_far_as_it_is_wanted(
    make_batch: Callable[..., Batch], element: Element, n_position: int
) -> None:
    rng = np.random.default_rng(0)
    cache = KVCache(2, 3, 2, 32, 64, element)
    batch = make_batch(rng, [0], [PAGE])
    for layer in cache.layers:
        layer.write(
            rng.standard_normal((PAGE, 2, 32), np.float32),
            rng.standard_normal((PAGE, 2, 64), np.float32),
            batch,
        )
    page = batch.tables[0, 0]
    cache.copy_page(page, 2, n_position)
    for layer in cache.layers:
        k, v = layer.floats(np.array([page, 2], np.int32))
        k = k.transpose(0, 2, 4, 1, 3).reshape(2, PAGE, 2, 32)  # position by position
        for kept in (k, v.swapaxes(1, 2)):
            np.testing.assert_array_equal(kept[0, :n_position], kept[1, :n_position])
            assert kept[1, :n_position].any()
            assert not kept[1, -(-n_position // LANES) * LANES :].any()


@pytest.mark.parametrize(("element", "error"), [("f16", 1e-3), ("q8_0", 0.02), ("q4_0", 0.5)])
def test_positions_that_move_are_turned_and_kept_again(element: Element, error: float) -> None:
    rng = np.random.default_rng(0)
    exact, rounded = (LayerCache(2, 2, 32, 32, kind) for kind in ("f32", element))
    k, v = rng.standard_normal((2, 40, 2, 32), np.float32)
    places = np.arange(40, dtype=np.int32)
    source, target = places[30:], places[30:] - np.int32(7)  # onto each other, over two pages
    turn, by = rope_frequencies(32, 10000.0), np.full(10, -7, np.int32)
    for cache in (exact, rounded):
        reference.write_pages(cache, k, v, places)
        cache.move(source, target, turn, by)
    pages = np.arange(2, dtype=np.int32)
    for expected, kept in zip(exact.floats(pages), rounded.floats(pages), strict=True):
        assert np.abs(kept - expected).max() < error * np.abs(expected).max()


def test_each_layer_has_pages_of_its_own() -> None:
    cache = KVCache(3, 2, 1, 32, 32, "f32")
    for i, layer in enumerate(cache.layers):
        layer.k[:], layer.v[:] = i + 1, -i - 1
    assert [int(k.max()) for k in cache.pages.k] == [int(k.min()) for k in cache.pages.k]
    assert [int(layer.v[0, 0, 0, 0]) for layer in cache.layers] == [-1, -2, -3]


def test_for_one_pass_all_layers_share_their_memory() -> None:
    cache = KVCache.for_one_pass(3, 2, 4, 8, 16)
    assert cache.nbytes == 2 * PAGE * 4 * (8 + 16) * 4
    assert len(cache.layers) == 3
    assert cache.layers[0].k is cache.layers[2].k
    assert cache.layers[0].element == "f32"


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
