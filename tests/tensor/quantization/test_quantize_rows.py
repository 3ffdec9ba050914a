"""The compiled quantizers: bytes of their twins and of ggml, on weights of every kind."""

import numpy as np
import pytest
from ggml_quantizer import ggml_quantize
from hypothesis import given
from hypothesis import strategies as st
from odd_weights import KINDS

from pyollama_formats import blocks
from pyollama_formats.blocks import GGMLType, dequantize
from pyollama_formats.errors import FormatError
from pyollama_tensor import quantization
from pyollama_tensor.quantization import BLOCK_TYPES, FLOAT_TYPES, quantize_rows, widen_rows

HALVES = [GGMLType.F16, GGMLType.BF16]
TYPES = [*FLOAT_TYPES, *BLOCK_TYPES]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("type", TYPES, ids=lambda type: type.name)
def test_rows_are_stored_as_the_twin_stores_them(type: GGMLType, kind: str) -> None:
    x = KINDS[kind](np.random.default_rng(1), (7, 768))  # an odd number of blocks
    np.testing.assert_array_equal(quantize_rows(x, type), blocks.quantize(x, type))


@pytest.mark.parametrize("type", BLOCK_TYPES, ids=lambda type: type.name)
@given(
    n_row=st.integers(1, 5),
    n_block=st.integers(1, 5),
    kind=st.sampled_from(sorted(KINDS)),
    seed=st.integers(0, 2**32 - 1),
)
def test_any_number_of_blocks_is_stored_as_the_twin_stores_it(
    type: GGMLType, n_row: int, n_block: int, kind: str, seed: int
) -> None:
    x = KINDS[kind](np.random.default_rng(seed), (n_row, n_block * type.block_size))
    np.testing.assert_array_equal(quantize_rows(x, type), blocks.quantize(x, type))


@pytest.mark.oracle
@pytest.mark.parametrize("type", TYPES, ids=lambda type: type.name)
def test_ordinary_weights_have_the_bytes_of_ggml(type: GGMLType) -> None:
    x = KINDS["normal"](np.random.default_rng(2), (64, 2048))
    theirs = ggml_quantize(x, type) if type is not GGMLType.F32 else x.view(np.uint8)
    assert (quantize_rows(x, type) == theirs).mean() > 0.999


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 3e38])
@pytest.mark.parametrize("type", BLOCK_TYPES, ids=lambda type: type.name)
def test_a_block_without_meaning_leaves_the_others_alone(type: GGMLType, bad: float) -> None:
    x = KINDS["normal"](np.random.default_rng(3), (1, 5 * type.block_size))
    expected = quantize_rows(x, type)[0].reshape(5, -1)
    x[0, 2 * type.block_size + 7] = bad
    found = quantize_rows(x, type)[0].reshape(5, -1)
    np.testing.assert_array_equal(np.delete(found, 2, axis=0), np.delete(expected, 2, axis=0))


@pytest.mark.parametrize("type", BLOCK_TYPES, ids=lambda type: type.name)
def test_denormals_come_out_as_next_to_nothing(type: GGMLType) -> None:
    x = np.full((1, 256), 1e-41, np.float32)
    x[0, ::2] *= -1
    assert np.abs(dequantize(quantize_rows(x, type), type)).max() < 1e-30


@pytest.mark.parametrize("type", TYPES, ids=lambda type: type.name)
def test_no_rows_give_no_bytes(type: GGMLType) -> None:
    x = np.empty((0, 256), np.float32)
    assert quantize_rows(x, type).shape == (0, blocks.row_bytes(type, 256))


def test_strided_and_read_only_rows_are_taken_too() -> None:
    x = KINDS["normal"](np.random.default_rng(4), (8, 512))
    expected = quantize_rows(np.ascontiguousarray(x[::2, :256]), GGMLType.Q8_0)
    x.flags.writeable = False
    np.testing.assert_array_equal(quantize_rows(x[::2, :256], GGMLType.Q8_0), expected)


def test_part_of_a_block_and_a_format_that_cannot_be_written_are_refused() -> None:
    with pytest.raises(FormatError, match="not a whole number of Q4_K blocks"):
        quantize_rows(np.zeros((1, 128), np.float32), GGMLType.Q4_K)
    with pytest.raises(FormatError, match="quantizing to Q2_K is not supported"):
        quantize_rows(np.zeros((1, 256), np.float32), GGMLType.Q2_K)


@pytest.mark.parametrize("type", HALVES, ids=lambda type: type.name)
def test_every_half_is_widened_and_rounded_back(type: GGMLType) -> None:
    halves = np.arange(1 << 16, dtype=np.uint16).reshape(1, -1)
    wide = widen_rows(halves.view(np.uint8), type)
    np.testing.assert_array_equal(wide, dequantize(halves.view(np.uint8), type))
    back = quantize_rows(wide, type).view(np.uint16)
    numbers = ~np.isnan(wide)
    np.testing.assert_array_equal(back[numbers], halves[numbers])
    assert np.isnan(widen_rows(back.view(np.uint8), type)[~numbers]).all()


@pytest.mark.parametrize("type", HALVES, ids=lambda type: type.name)
@given(bits=st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=40))
def test_any_float_is_rounded_as_the_twin_rounds_it(type: GGMLType, bits: list[int]) -> None:
    x = np.array([bits], np.uint32).view(np.float32)
    x = np.where(np.isnan(x), np.float32(1), x)
    np.testing.assert_array_equal(quantize_rows(x, type), blocks.quantize(x, type))


@pytest.mark.parametrize("type", FLOAT_TYPES, ids=lambda type: type.name)
def test_floats_at_an_odd_address_are_widened(type: GGMLType) -> None:
    data = quantize_rows(np.arange(12, dtype=np.float32).reshape(2, 6), type)
    shifted = np.zeros(data.size + 1, np.uint8)[1:].reshape(data.shape)
    shifted[...] = data
    assert widen_rows(shifted, type).tolist() == [[0, 1, 2, 3, 4, 5], [6, 7, 8, 9, 10, 11]]


def test_half_a_number_is_refused() -> None:
    with pytest.raises(FormatError, match="not whole F16 blocks"):
        widen_rows(np.zeros((1, 3), np.uint8), GGMLType.F16)


@pytest.mark.parametrize("type", TYPES, ids=lambda type: type.name)
def test_the_numpy_backend_gives_the_same_bytes(
    type: GGMLType, monkeypatch: pytest.MonkeyPatch
) -> None:
    x = KINDS["normal"](np.random.default_rng(6), (2, 512))
    compiled = quantize_rows(x, type)
    monkeypatch.setattr(quantization, "NAME", "numpy")
    np.testing.assert_array_equal(quantize_rows(x, type), compiled)
    if type in FLOAT_TYPES:
        np.testing.assert_array_equal(widen_rows(compiled, type), blocks.dequantize(compiled, type))
