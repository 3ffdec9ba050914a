"""The kernel that writes the cache against its NumPy twin: the same bits, in every element."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyollama_tensor import compiled, reference
from pyollama_tensor.batch import Batch
from pyollama_tensor.cache import Element, LayerCache

MakeBatch = Callable[..., Batch]

FLOATS = st.tuples(
    st.sampled_from(["f16", "f32"]), st.tuples(st.integers(1, 40), st.integers(1, 40))
)
WHOLE_BLOCKS = st.sampled_from([32, 64, 96])
SCALED = st.tuples(st.sampled_from(["q8_0", "q4_0"]), st.tuples(WHOLE_BLOCKS, WHOLE_BLOCKS))


@given(
    past=st.lists(st.integers(0, 70), min_size=1, max_size=3),
    n_new=st.integers(1, 40),
    n_head=st.integers(1, 3),
    kept=st.one_of(FLOATS, SCALED),
    scale=st.sampled_from([1e-35, 1e-6, 1.0, 1e4]),
    seed=st.integers(0, 2**32),
)
def test_written_pages_are_the_twins(
    make_batch: MakeBatch,
    past: list[int],
    n_new: int,
    n_head: int,
    kept: tuple[Element, tuple[int, int]],
    scale: float,
    seed: int,
) -> None:
    rng = np.random.default_rng(seed)
    element, sizes = kept
    batch = make_batch(rng, past, [n_new] * len(past))
    shapes = [(batch.n_row, n_head, size) for size in sizes]
    k, v = (rng.standard_normal(shape, np.float32) * np.float32(scale) for shape in shapes)
    caches = [LayerCache(batch.n_page, n_head, *sizes, element) for _ in range(2)]
    for write, cache in zip((compiled.write_pages, reference.write_pages), caches, strict=True):
        write(cache, k, v, batch.places)
    for ours, expected in zip(caches[0].pages, caches[1].pages, strict=True):
        np.testing.assert_array_equal(ours, expected)


@pytest.mark.parametrize(
    "value", [0.0, -0.0, 65504.0, 1e6, -np.inf, np.nan, 6.1e-5, 2049.0, 2051.0]
)
def test_halves_are_rounded_as_numpy_rounds_them(make_batch: MakeBatch, value: float) -> None:
    batch = make_batch(np.random.default_rng(0), [0], [1])
    cache = LayerCache(batch.n_page, 1, 16, 16, "f16")
    rows = np.full((1, 1, 16), value, np.float32)
    compiled.write_pages(cache, rows, rows, batch.places)
    with np.errstate(over="ignore"):
        expected = np.float32(value).astype(np.float16)
    keys, values = reference.read_pages(cache, batch.tables[0], 1)
    np.testing.assert_array_equal(keys, np.full((1, 1, 16), expected))
    np.testing.assert_array_equal(values, np.full((1, 1, 16), expected))
