"""What models call: shapes that do not fit are refused, and the warm-up covers every kernel."""

from collections.abc import Callable

import numpy as np
import pytest

from pyollama_formats.blocks import GGMLType
from pyollama_tensor import ops, reference
from pyollama_tensor.batch import Batch, BatchError
from pyollama_tensor.cache import LayerCache

MakeBatch = Callable[..., Batch]
MakeCache = Callable[..., LayerCache]


def test_scores_are_scaled_by_the_head_size_unless_told_otherwise(
    make_batch: MakeBatch, make_cache: MakeCache
) -> None:
    rng = np.random.default_rng(0)
    batch = make_batch(rng, [40], [2])
    cache = make_cache(rng, batch, 2, (16, 16), "f32")
    q = rng.standard_normal((2, 4, 16), np.float32)
    np.testing.assert_array_equal(
        ops.paged_attention(q, cache, batch), ops.paged_attention(q, cache, batch, 0.25)
    )
    even = ops.paged_attention(q, cache, batch, 0.0)  # every position counts alike
    np.testing.assert_allclose(even, reference.paged_attention(q, cache, batch, 0.0), atol=1e-6)


@pytest.mark.parametrize("shape", [(3, 4, 16), (2, 3, 16), (2, 4, 15)])
def test_queries_that_do_not_fit_are_refused(
    make_batch: MakeBatch, make_cache: MakeCache, shape: tuple[int, int, int]
) -> None:
    rng = np.random.default_rng(0)
    batch = make_batch(rng, [40], [2])
    cache = make_cache(rng, batch, 2, (16, 16), "f32")
    with pytest.raises(BatchError, match="queries of shape"):
        ops.paged_attention(np.zeros(shape, np.float32), cache, batch)


@pytest.mark.parametrize("token", [-1, 3])
def test_a_token_beyond_the_vocabulary_is_refused(token: int) -> None:
    w = ops.make_weight(np.zeros((3, 8), np.uint8), GGMLType.F32, 2)
    with pytest.raises(IndexError, match="3 of the vocabulary"):
        ops.embedding(w, np.array([0, token], np.int32))
