"""Row independence: a row's result has the same bits alone, among few and among many rows.

An engine puts whatever is due into one batch: a chunk of one prompt, single rows of others.
"""

from collections.abc import Callable

import numpy as np
import pytest

from pyollama_formats.blocks import GGMLType
from pyollama_tensor import ops
from pyollama_tensor.batch import Batch
from pyollama_tensor.cache import LayerCache
from pyollama_tensor.types import F32, U8
from pyollama_tensor.weights import FLOATS, REPACKED

MakeBatch = Callable[..., Batch]
MakeCache = Callable[..., LayerCache]
MakeRows = Callable[..., U8]

N_ROW = 512
COUNTS = (2, 3, 4, 5, 7, 16, 17, 31, 32, 33, 100)
SLICES = [slice(t, t + 1) for t in (0, 1, 6, 31, 32, 300, 511)]
SLICES += [slice(first, first + n) for n in COUNTS for first in (0, 37)]


def check(compute: Callable[[slice], F32]) -> None:
    """compute(rows) gives the same for any slice of the rows as for all."""
    together = compute(slice(0, N_ROW))
    for rows in SLICES:
        np.testing.assert_array_equal(compute(rows), together[rows])


def normal(*shape: int) -> F32:
    return np.random.default_rng(5).standard_normal(shape, np.float32)


@pytest.mark.parametrize("type", (*REPACKED, *FLOATS))
def test_rows_of_a_linear(random_rows: MakeRows, type: GGMLType) -> None:
    n_in = 1280  # five blocks of 256; two and a half of a float kernel's spans
    w = ops.make_weight(random_rows(np.random.default_rng(7), type, 70, n_in), type, n_in)
    x = normal(N_ROW, n_in)
    check(lambda rows: ops.linear(x[rows], w))


@pytest.mark.parametrize("n_in", [1, 43, 529])
@pytest.mark.parametrize("type", tuple(FLOATS))
def test_rows_of_a_linear_of_any_length(random_rows: MakeRows, type: GGMLType, n_in: int) -> None:
    w = ops.make_weight(random_rows(np.random.default_rng(7), type, 19, n_in), type, n_in)
    x = normal(N_ROW, n_in)
    check(lambda rows: ops.linear(x[rows], w))


@pytest.mark.parametrize("type", [GGMLType.Q4_K, GGMLType.F16])
def test_rows_of_an_embedding(random_rows: MakeRows, type: GGMLType) -> None:
    w = ops.make_weight(random_rows(np.random.default_rng(7), type, 70, 256), type, 256)
    tokens = np.random.default_rng(8).integers(0, 70, N_ROW).astype(np.int32)
    check(lambda rows: ops.embedding(w, tokens[rows]))


@pytest.mark.parametrize("width", [64, 91])
def test_rows_between_the_matrices(width: int) -> None:
    x, up, weight = normal(N_ROW, width), normal(N_ROW, width), normal(width)
    check(lambda rows: ops.rms_norm(x[rows], weight, 1e-5))
    check(lambda rows: ops.silu_gate(x[rows], up[rows]))
    check(lambda rows: ops.softmax(x[rows]))


@pytest.mark.parametrize("neox", [False, True])
def test_rows_of_a_rotation(neox: bool) -> None:
    x, rope = normal(N_ROW, 3, 20), ops.rope_frequencies(14, 10000.0, neox=neox)
    positions = np.random.default_rng(9).integers(0, 100_000, N_ROW).astype(np.int32)
    check(lambda rows: ops.rope(x[rows], positions[rows], rope))


@pytest.mark.parametrize("element", ["f32", "f16", "q8_0", "q4_0"])
def test_rows_of_an_attention(make_batch: MakeBatch, make_cache: MakeCache, element: str) -> None:
    rng = np.random.default_rng(0)
    past, new = [0, 200, 63, 64, 5, 90], [N_ROW - 5, 1, 1, 1, 1, 1]
    batch = make_batch(rng, past, new)
    cache = make_cache(rng, batch, 2, (32, 32), element)
    q = normal(N_ROW, 6, 32)

    def compute(rows: slice) -> F32:
        some = Batch(
            tokens=np.zeros(len(q[rows]), np.int32),
            rows=None,
            positions=batch.positions[rows],
            sequences=batch.sequences[rows],
            tables=batch.tables,
            wanted=np.zeros(0, np.int32),
        )
        return ops.paged_attention(q[rows], cache, some)

    check(compute)
