"""Words for float weights: products and their totals for one row of inputs and for three."""

import numpy as np
import pytest

from pyollama_tensor import simd
from pyollama_tensor.jit import kernel
from pyollama_tensor.types import F32


@kernel
def totals(w: F32, x: F32, out: F32) -> None:
    weights = simd.load_f32x16(w, 0)
    if len(x) == 3:
        three = simd.add_products(simd.zeros_f32(simd.THREE), weights, x, 1, x.shape[1])
        simd.add_totals(out, 1, out.shape[1], simd.add_products(three, weights, x, 1, x.shape[1]))
    else:
        one = simd.add_products(simd.zeros_f32(simd.ONE), weights, x, 1, x.shape[1])
        simd.add_totals(out, 1, out.shape[1], simd.add_products(one, weights, x, 1, x.shape[1]))


@pytest.mark.parametrize("n_row", [1, 3])
def test_products_of_each_row_are_added_to_its_output(n_row: int) -> None:
    rng = np.random.default_rng(n_row)
    w = rng.integers(-9, 9, 16).astype(np.float32)
    x = rng.integers(-9, 9, (n_row, 20)).astype(np.float32)
    out = np.ones((n_row, 3), np.float32)
    totals(w, x, out)
    np.testing.assert_array_equal(out[:, 1], 1 + 2 * x[:, 1:17] @ w)
    np.testing.assert_array_equal(out[:, ::2], 1)
