"""Inputs in signed bytes: the bytes, the scales and the sums."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyollama_tensor.types import F32
from pyollama_tensor.weights import Inputs


def twin(x: F32, block: int) -> tuple[F32, F32]:
    """Bytes (as floats) and scales: the largest magnitude of a block becomes 127.

    (T, n_in) -> (n_block, T, block), (n_block, T)
    """
    blocks = x.reshape(len(x), -1, block).swapaxes(0, 1)
    most = np.abs(blocks).max(axis=2, keepdims=True)
    inverse = np.divide(np.float32(127), most, out=np.zeros_like(most), where=most > 0)
    return np.rint(blocks * inverse), (most / np.float32(127))[:, :, 0]


@given(
    blocks=st.sampled_from([(32, 32), (256, 16)]),
    n_row=st.integers(1, 4),
    n_block=st.integers(1, 3),
    seed=st.integers(0, 2**32 - 1),
)
def test_bytes_scales_and_sums_are_the_twins(
    blocks: tuple[int, int], n_row: int, n_block: int, seed: int
) -> None:
    block, step = blocks
    x = np.random.default_rng(seed).standard_normal((n_row, n_block * block), np.float32)
    found = Inputs(x).quantized(block, step)
    q, d = twin(x, block)
    np.testing.assert_array_equal(found.q, q)
    np.testing.assert_array_equal(found.d, d)
    fours = q.reshape(
        n_block, n_row, -1, step // 4, 2, 2
    )  # places 0 and 1, then 2 and 3 of each four
    np.testing.assert_array_equal(found.sums, fours.sum(axis=(3, 5)))
    whole = Inputs(x).quantized(block, step, parts=1)
    np.testing.assert_array_equal(whole.sums[..., 0], found.sums.sum(axis=3))
    times = Inputs(x).quantized(block, step, times=-8)
    np.testing.assert_array_equal(times.sums, -8 * found.sums)


def test_inputs_are_quantized_once_for_each_way() -> None:
    inputs = Inputs(np.ones((1, 256), np.float32))
    assert inputs.quantized(32, 32) is inputs.quantized(32, 32)
    assert inputs.quantized(32, 32) is not inputs.quantized(256, 16)
    assert inputs.quantized(32, 32) is not inputs.quantized(32, 32, parts=1)
    assert inputs.quantized(32, 32) is not inputs.quantized(32, 32, times=-8)


@pytest.mark.parametrize("value", [0.0, 1e-44, 1e-31])
def test_blocks_of_next_to_nothing_are_zeros(value: float) -> None:
    found = Inputs(np.full((1, 32), value, np.float32)).quantized(32, 32)
    assert not found.q.any()
    assert not found.sums.any()


def test_the_lowest_byte_never_occurs() -> None:
    x = np.linspace(-5, 5, 256, dtype=np.float32).reshape(1, 256)
    assert Inputs(x).quantized(256, 16).q.min() == -127
