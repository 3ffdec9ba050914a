"""Matrices of every format against their dequantized twins, and the integer arithmetic exactly."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyollama_formats.blocks import DTYPES, GGMLType, dequantize
from pyollama_tensor.threads import n_threads, set_threads
from pyollama_tensor.types import F32, U8
from pyollama_tensor.weights import (
    FLOATS,
    REPACKED,
    Inputs,
    Weight,
    embedding,
    kernels_of,
    linear,
    linears,
    make_weight,
)

MakeRows = Callable[..., U8]

ALL = (*REPACKED, *FLOATS)

# ggml's int8 inputs lose up to half a step of 1/127: this much of the norms' product, at most.
INT8 = 0.02


def norms(matrix: F32, x: F32) -> F32:
    """Length of each row of W times the length of each row of x: (T, n_out)."""
    lengths: F32 = np.linalg.norm(x, axis=1)[:, None] * np.linalg.norm(matrix, axis=1)
    return lengths


@pytest.mark.parametrize("type", ALL)
@settings(max_examples=12)
@given(
    n_out=st.integers(1, 50),
    n_block=st.integers(1, 3),
    n_row=st.sampled_from([1, 2, 3, 4, 5, 31, 32, 40]),
    seed=st.integers(0, 2**32 - 1),
)
def test_linear_is_the_product_with_the_dequantized_matrix(
    random_rows: MakeRows, type: GGMLType, n_out: int, n_block: int, n_row: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    n_in = n_block * type.block_size
    data = random_rows(rng, type, n_out, n_in)
    x = rng.standard_normal((n_row, n_in)).astype(np.float32)
    matrix = dequantize(data, type)
    w = make_weight(data, type, n_in)
    y = linear(x, w)
    assert y.shape == (n_row, n_out)
    assert y.dtype == np.float32
    assert y.flags.c_contiguous
    error = np.abs(y - x.astype(np.float64) @ matrix.T.astype(np.float64))
    assert (error <= norms(matrix, x) * (INT8 if type in REPACKED else 2e-6) + 1e-30).all()


@pytest.mark.parametrize("type", REPACKED)
@settings(max_examples=50)
@given(
    n_out=st.integers(1, 20),
    pattern=st.sampled_from([None, 0x00, 0x0F, 0x7F, 0x80, 0x81, 0xF0, 0xFF]),
    ends=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
)
def test_one_block_is_exact_integer_arithmetic(
    type: GGMLType, n_out: int, pattern: int | None, ends: bool, seed: int
) -> None:
    """With all scales 1 and inputs of whole numbers up to 127, nothing is rounded but the end."""
    rng = np.random.default_rng(seed)
    n_in = type.block_size
    data = rng.integers(0, 256, (n_out, type.type_size), dtype=np.uint8)
    if pattern is not None:
        data[:] = pattern
    blocks = data.view(DTYPES[type])
    for name in ("d", "dmin", "m"):
        if name in (blocks.dtype.names or ()):
            blocks[name] = 1.0
    x = rng.choice([-127, 127], (2, n_in)) if ends else rng.integers(-127, 128, (2, n_in))
    x[:, 0] = 127
    exact = x @ dequantize(data, type).astype(np.int64).T  # (2, n_out)
    y = linear(x.astype(np.float32), make_weight(data, type, n_in))
    # These two round twice, once for the products and once for the minimums: each below 2^26.
    twice = type in (GGMLType.Q4_K, GGMLType.Q5_K)
    np.testing.assert_allclose(y, exact, rtol=1e-7, atol=4.0 if twice else 0.0)


def test_a_block_of_q8_0_by_hand() -> None:
    data = np.zeros((1, 34), np.uint8)
    block = data.view(DTYPES[GGMLType.Q8_0])
    block["d"] = 0.5
    block["qs"][0, 0, :4] = [1, -2, 3, -128]
    x = np.zeros((1, 32), np.float32)
    x[0, :5] = [127.0, 10.0, 1.0, 1.0, 99.0]
    # 0.5 * (127 - 20 + 3 - 128)
    assert linear(x, make_weight(data, GGMLType.Q8_0, 32)).tolist() == [[-9.0]]


@pytest.mark.parametrize("type", REPACKED)
def test_nothing_but_the_inputs_is_rounded(random_rows: MakeRows, type: GGMLType) -> None:
    rng = np.random.default_rng(9)
    data, kernels = random_rows(rng, type, 90, 512), kernels_of(type)
    matrix = dequantize(data, type)
    x = rng.standard_normal((6, 512)).astype(np.float32)
    found = Inputs(x).quantized(kernels.BLOCK, kernels.STEP)
    blocks = found.q * found.d.astype(np.float64)[:, :, np.newaxis]  # (n_block, 6, block)
    rounded = blocks.swapaxes(0, 1).reshape(6, 512)
    error = np.abs(linear(x, make_weight(data, type, 512)) - rounded @ matrix.T)
    assert (error <= norms(matrix, x) * 1e-6).all()


@pytest.mark.parametrize("type", [*REPACKED, GGMLType.F16])
def test_the_number_of_threads_changes_no_bit(random_rows: MakeRows, type: GGMLType) -> None:
    rng = np.random.default_rng(8)
    w = make_weight(random_rows(rng, type, 1600, 256), type, 256)
    x = rng.standard_normal((3, 256)).astype(np.float32)
    before = n_threads()
    results = []
    for n in (1, 2, 3):
        set_threads(n)
        results.append(linear(x, w))
    set_threads(before)
    np.testing.assert_array_equal(results[0], results[1])
    np.testing.assert_array_equal(results[0], results[2])


@pytest.mark.parametrize("type", ALL)
@settings(max_examples=12)
@given(
    n_out=st.integers(1, 40),
    n_block=st.integers(1, 2),
    seed=st.integers(0, 2**32 - 1),
)
def test_dequantized_rows_are_those_of_the_file(
    random_rows: MakeRows, type: GGMLType, n_out: int, n_block: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    n_in = n_block * type.block_size
    data = random_rows(rng, type, n_out, n_in)
    matrix = dequantize(data, type)
    w = make_weight(data, type, n_in)
    first = int(rng.integers(0, n_out))
    # A fused multiply-add rounds d * q - m once where the twin rounds twice.
    scale = float(np.abs(matrix).max()) * 1e-6
    np.testing.assert_allclose(w.dequantize(first, n_out), matrix[first:], rtol=1e-6, atol=scale)
    tokens = rng.integers(0, n_out, 5).astype(np.int32)
    np.testing.assert_allclose(embedding(w, tokens), matrix[tokens], rtol=1e-6, atol=scale)


@pytest.mark.parametrize("n_in", [1, 15, 17, 43, 100])
@pytest.mark.parametrize("type", FLOATS)
def test_float_rows_of_any_length(random_rows: MakeRows, type: GGMLType, n_in: int) -> None:
    rng = np.random.default_rng(n_in)
    data = random_rows(rng, type, 9, n_in)
    matrix = dequantize(data, type)
    w = make_weight(data, type, n_in)
    for n_row in (3, 33):
        x = rng.standard_normal((n_row, n_in)).astype(np.float32)
        np.testing.assert_allclose(linear(x, w), x @ matrix.T, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(w.dequantize(2, 5), matrix[2:5])


def test_several_matrices_of_one_input_are_what_each_gives_alone(random_rows: MakeRows) -> None:
    rng = np.random.default_rng(3)
    types = (GGMLType.Q4_K, GGMLType.Q6_K, GGMLType.Q8_0, GGMLType.F32)
    weights: list[Weight] = [make_weight(random_rows(rng, t, 20, 256), t, 256) for t in types]
    x = rng.standard_normal((2, 256)).astype(np.float32)
    for y, w in zip(linears(x, weights), weights, strict=True):
        np.testing.assert_array_equal(y, linear(x, w))


@pytest.mark.parametrize("type", REPACKED)
def test_tiny_and_zero_inputs_stay_finite(random_rows: MakeRows, type: GGMLType) -> None:
    w = make_weight(random_rows(np.random.default_rng(1), type, 16, 256), type, 256)
    x = np.zeros((3, 256), np.float32)
    x[1] = 1e-42
    x[2, 7] = 1e30
    assert np.isfinite(linear(x, w)).all()
    assert not linear(x, w)[0].any()
