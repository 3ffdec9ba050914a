"""Norm, gate and softmax kernels against their NumPy twins."""

from math import exp, pi, sqrt, tanh

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyollama_tensor import compiled, reference
from pyollama_tensor.kernels.exponential import exp_f32
from pyollama_tensor.types import F32

SHAPES = st.tuples(st.integers(1, 40), st.integers(1, 200))
SEEDS = st.integers(0, 2**32)
SCALES = st.sampled_from([1e-3, 1.0, 30.0])


def normal(seed: int, shape: tuple[int, ...], scale: float = 1.0) -> F32:
    return np.random.default_rng(seed).standard_normal(shape, np.float32) * np.float32(scale)


def test_rms_norm_by_hand() -> None:
    x = np.array([[3, 4]], np.float32)
    out = compiled.rms_norm(x, np.array([1, 10], np.float32), 0.5)
    np.testing.assert_allclose(out, [[3 / sqrt(13), 40 / sqrt(13)]], rtol=1e-6)


@given(SHAPES, SEEDS, SCALES)
def test_rms_norm_is_its_twin(shape: tuple[int, int], seed: int, scale: float) -> None:
    x, weight = normal(seed, shape, scale), normal(seed + 1, shape[1:])
    out = compiled.rms_norm(x, weight, 1e-5)
    np.testing.assert_allclose(out, reference.rms_norm(x, weight, 1e-5), rtol=3e-6)


def test_rms_norm_takes_any_leading_shape_and_strides() -> None:
    x, weight = normal(0, (3, 4, 24))[:, ::2], normal(1, (24,))
    out = compiled.rms_norm(x, weight, 1e-5)
    np.testing.assert_allclose(out, reference.rms_norm(x, weight, 1e-5), rtol=3e-6)


def test_layer_norm_by_hand() -> None:
    x = np.array([[1, 5]], np.float32)  # mean 3, variance 4
    weight, bias = np.array([1, 10], np.float32), np.array([0.5, -1], np.float32)
    out = compiled.layer_norm(x, weight, bias, 0.5)
    np.testing.assert_allclose(out, [[0.5 - 2 / sqrt(4.5), 20 / sqrt(4.5) - 1]], rtol=1e-6)


@given(SHAPES, SEEDS, SCALES)
def test_layer_norm_is_its_twin(shape: tuple[int, int], seed: int, scale: float) -> None:
    x = normal(seed, shape, scale) + np.float32(scale)
    weight, bias = normal(seed + 1, shape[1:]), normal(seed + 2, shape[1:])
    out = compiled.layer_norm(x, weight, bias, 1e-5)
    twin = reference.layer_norm(x, weight, bias, 1e-5)
    np.testing.assert_allclose(out, twin, rtol=1e-5, atol=1e-5)


def test_layer_norm_of_equal_values_is_the_bias() -> None:
    bias = normal(0, (24,))
    out = compiled.layer_norm(np.full((2, 24), 3.0, np.float32), normal(1, (24,)), bias, 1e-12)
    np.testing.assert_array_equal(out, np.stack([bias, bias]))


def test_gelu_by_hand_and_without_overflow() -> None:
    x = np.array([[0.0, 1.0, -1.0, 20.0, -20.0, 1e30, -1e30]], np.float32)
    one = 0.5 * (1 + tanh(sqrt(2 / pi) * 1.044715))
    expected = [[0.0, one, one - 1, 20.0, 0.0, 1e30, 0.0]]
    np.testing.assert_allclose(compiled.gelu(x), expected, rtol=1e-6, atol=1e-6)


@given(SHAPES, SEEDS, SCALES)
def test_gelu_is_its_twin(shape: tuple[int, int], seed: int, scale: float) -> None:
    x = normal(seed, shape, scale)
    np.testing.assert_allclose(compiled.gelu(x), reference.gelu(x), rtol=3e-5, atol=1e-6)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_gelu_keeps_what_is_not_finite_in_its_place(bad: float) -> None:
    x = np.ones((1, 40), np.float32)
    x[0, 7] = bad
    out = compiled.gelu(x)
    assert np.isfinite(np.delete(out, 7)).all()
    assert not np.isfinite(out[0, 7])


def test_silu_gate_by_hand_and_without_overflow() -> None:
    gate = np.array([[0.0, 1.0, -200.0, 200.0, -88.5, 89.0]], np.float32)
    up = np.array([[5.0, 2.0, 1.0, 1.0, 1.0, 1.0]], np.float32)
    expected = [[0.0, 2 / (1 + exp(-1)), 0.0, 200.0, 0.0, 89.0]]
    np.testing.assert_allclose(compiled.silu_gate(gate, up), expected, rtol=1e-6, atol=1e-30)


@given(SHAPES, SEEDS, SCALES)
def test_silu_gate_is_its_twin(shape: tuple[int, int], seed: int, scale: float) -> None:
    gate, up = normal(seed, shape, scale), normal(seed + 1, shape)
    out = compiled.silu_gate(gate, up)
    np.testing.assert_allclose(out, reference.silu_gate(gate, up), rtol=2e-6, atol=1e-30)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_silu_gate_keeps_what_is_not_finite_in_its_place(bad: float) -> None:
    gate, one = np.ones((1, 40), np.float32), np.ones((1, 40), np.float32)
    gate[0, 7] = bad
    out = compiled.silu_gate(gate, one)
    np.testing.assert_allclose(np.delete(out, 7), 1 / (1 + exp(-1)), rtol=1e-6)
    assert np.isnan(bad) <= np.isnan(out[0, 7])


@given(SHAPES, SEEDS, SCALES)
def test_softmax_is_its_twin(shape: tuple[int, int], seed: int, scale: float) -> None:
    x = normal(seed, shape, scale)
    out = compiled.softmax(x)
    np.testing.assert_allclose(out, reference.softmax(x), rtol=1e-5, atol=1e-37)
    np.testing.assert_allclose(out.sum(axis=-1), 1.0, rtol=1e-5)


def test_softmax_of_large_numbers() -> None:
    out = compiled.softmax(np.array([[1000.0, 1000.0, -1000.0]], np.float32))
    np.testing.assert_array_equal(out, [[0.5, 0.5, 0.0]])


@given(st.floats(-87.0, 88.0))
def test_exp_is_good_to_a_few_units_in_the_last_place(x: float) -> None:
    assert exp_f32(np.float32(x)) == pytest.approx(exp(np.float32(x)), rel=5e-7)
