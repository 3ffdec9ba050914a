"""Quantizing in NumPy: beside ggml's own quantizers, on weights of every kind."""

import numpy as np
import pytest
from ggml_quantizer import ggml_quantize
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from odd_weights import KINDS

from pyollama_formats.blocks import GGMLType, dequantize, quantize
from pyollama_formats.blocks.bits import pack, unpack
from pyollama_formats.blocks.q4_k import packed_scales, scales_and_minimums
from pyollama_formats.blocks.search import extreme, fit_affine, fit_symmetric, grids

TYPES = [
    GGMLType.Q8_0, GGMLType.Q4_0, GGMLType.Q5_0, GGMLType.Q5_1,
    GGMLType.Q4_K, GGMLType.Q5_K, GGMLType.Q6_K,
]  # fmt: skip


def squared_error(x: NDArray[np.float32], data: NDArray[np.uint8], type: GGMLType) -> float:
    return float(((dequantize(data, type).astype(np.float64) - x) ** 2).sum())


@pytest.mark.oracle
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("type", TYPES, ids=lambda type: type.name)
def test_blocks_mean_what_those_of_ggml_mean(type: GGMLType, kind: str) -> None:
    x = KINDS[kind](np.random.default_rng(5), (4, 1024))
    ours, theirs = quantize(x, type), ggml_quantize(x, type)
    # Not the bytes: those of a group whose scale is zero mean nothing.
    same = dequantize(ours, type) == dequantize(theirs, type)
    assert same.mean() > 0.99  # all, unless a compiler has fused its sums
    assert squared_error(x, ours, type) <= 1.01 * squared_error(x, theirs, type)


@pytest.mark.parametrize(
    ("type", "bound"),
    [(GGMLType.Q4_K, 0.08), (GGMLType.Q5_K, 0.04), (GGMLType.Q6_K, 0.02), (GGMLType.Q8_0, 0.006)],
)
def test_the_error_of_ordinary_weights_is_that_of_the_format(type: GGMLType, bound: float) -> None:
    x = KINDS["normal"](np.random.default_rng(0), (16, 1024))
    relative = np.sqrt(squared_error(x, quantize(x, type), type) / np.square(x).sum())
    assert bound / 2 < relative < bound


def test_weights_on_a_grid_of_their_own_are_found_exactly() -> None:
    q = np.random.default_rng(1).integers(0, 16, (3, 8, 32)).astype(np.float32)
    q[..., :2] = [0, 15]
    scale, least = fit_affine(0.5 * q - 2, 15, grids(15, -1.0, range(21)))
    np.testing.assert_allclose(scale, 0.5, rtol=1e-5)
    np.testing.assert_allclose(least, 2, rtol=1e-5)


def test_a_group_above_zero_has_no_minimum() -> None:
    x = np.linspace(5, 6, 32, dtype=np.float32)[None]
    scale, least = fit_affine(x, 15, grids(15, -1.0, range(21)))
    assert least[0] == 0
    assert scale[0] == pytest.approx(6 / 15, rel=0.1)


def test_the_search_beats_the_plain_grid() -> None:
    x = KINDS["normal"](np.random.default_rng(2), (64, 16))
    scale = fit_symmetric(x, 32, grids(32, 0.0, [0, *range(-9, 0), *range(1, 10)]))[:, None]
    plain = extreme(x) / -32
    errors = [np.square(np.rint(x / d).clip(-32, 31) * d - x).sum() for d in (scale, plain)]
    assert errors[0] < errors[1]


@settings(deadline=None)
@given(width=st.sampled_from([1, 2, 4]), seed=st.integers(0, 2**32 - 1))
def test_packing_undoes_unpacking(width: int, seed: int) -> None:
    data = np.random.default_rng(seed).integers(0, 256, (3, 5), np.uint8)
    np.testing.assert_array_equal(pack(unpack(data, width), width), data)


def test_scales_are_packed_where_they_are_looked_for() -> None:
    scale, minimum = np.random.default_rng(3).integers(0, 64, (2, 50, 8), np.uint8)
    found = scales_and_minimums(packed_scales(scale, minimum))
    np.testing.assert_array_equal(found, [scale, minimum])
