"""How numbers are kept in 8 and in 4 bits: by hand, bounded, and as well as a file keeps them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyollama_formats.blocks import GGMLType, dequantize, quantize
from pyollama_tensor.kept import BLOCK, Element, encode, fits, packed, times_scales, unpacked
from pyollama_tensor.types import F32


def kept_and_read(x: F32, element: Element) -> F32:
    """Vectors (..., E) as they come back."""
    numbers, scales = encode(x, element)
    return times_scales(unpacked(packed(numbers, element)), scales, axis=-1)


def test_a_block_of_eight_bits_by_hand() -> None:
    x = np.zeros((1, BLOCK), np.float32)
    x[0, :4] = [-254, 3, 1, 127]
    numbers, scales = encode(x, "q8_0")
    assert scales.view(np.float16).tolist() == [[2.0]]
    assert numbers[0, :4].tolist() == [-127, 2, 0, 64]  # halves go to the even neighbour


def test_a_block_of_four_bits_by_hand() -> None:
    x = np.zeros((1, BLOCK), np.float32)
    x[0, :4] = [16, -16, 3, -5]
    numbers, scales = encode(x, "q4_0")
    assert scales.view(np.float16).tolist() == [[-2.0]]  # the first of the largest becomes -8
    assert numbers[0, :4].tolist() == [-8, 7, -2, 2]
    bytes_ = packed(numbers, "q4_0")
    assert bytes_.shape == (1, BLOCK // 2)
    assert bytes_[0, :4].tolist() == [8, 7, 14, 2]  # lanes 0 to 3; 8 to 11 are zero above them


def test_four_bits_share_a_byte_with_those_eight_lanes_further() -> None:
    numbers = np.arange(-8, 8, dtype=np.int8)[None]
    assert packed(numbers, "q4_0")[0].tolist() == [0x08 + 0x11 * i for i in range(8)]


@given(seed=st.integers(0, 2**32), n=st.integers(1, 4))
def test_what_is_packed_is_unpacked(seed: int, n: int) -> None:
    numbers = np.random.default_rng(seed).integers(-8, 8, (3, 16 * n)).astype(np.int8)
    np.testing.assert_array_equal(unpacked(packed(numbers, "q4_0")), numbers)


@given(seed=st.integers(0, 2**32), scale=st.sampled_from([0.1, 1.0, 1e3]))
def test_a_number_comes_back_within_half_a_step(seed: int, scale: float) -> None:
    x = np.random.default_rng(seed).standard_normal((5, 2 * BLOCK)).astype(np.float32) * scale
    most = np.abs(x.reshape(5, 2, BLOCK)).max(-1).repeat(BLOCK, -1)
    rounding = most / 1024  # of the scale, to a half
    assert (np.abs(kept_and_read(x, "q8_0") - x) <= most / 254 + rounding).all()
    # The largest number of the other sign may be a whole step off: +8 there is none.
    assert (np.abs(kept_and_read(x, "q4_0") - x) <= most / 8 + rounding).all()


@pytest.mark.parametrize(("element", "type"), [("q8_0", GGMLType.Q8_0), ("q4_0", GGMLType.Q4_0)])
def test_errors_are_those_of_the_file_format(element: Element, type: GGMLType) -> None:
    x = np.random.default_rng(3).standard_normal((500, 4 * BLOCK)).astype(np.float32)
    ours = np.mean((kept_and_read(x, element) - x) ** 2)
    files = np.mean((dequantize(quantize(x, type), type) - x) ** 2)
    assert ours == pytest.approx(files, rel=0.01)


@pytest.mark.parametrize("element", ["q8_0", "q4_0"])
def test_nothing_and_next_to_nothing_are_zero(element: Element) -> None:
    x = np.full((1, BLOCK), 1e-36, np.float32)
    assert not kept_and_read(x, element).any()
    assert not kept_and_read(0 * x, element).any()


def test_blocks_must_fill_a_head() -> None:
    assert fits("q4_0", 96)
    assert not fits("q8_0", 80)
    assert fits("f16", 80)
