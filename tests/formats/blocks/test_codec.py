"""Every block format: one block by hand, then bit for bit against the gguf package."""

import gguf
import numpy as np
import pytest
from gguf.quants import dequantize as oracle_dequantize
from gguf.quants import quantize as oracle_quantize
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from pyollama_formats.blocks import DTYPES, GGMLType, dequantize, quantize, row_bytes
from pyollama_formats.errors import FormatError

QUANTIZABLE = [
    *(GGMLType.F32, GGMLType.F16, GGMLType.BF16),
    *(GGMLType.Q8_0, GGMLType.Q4_0, GGMLType.Q5_0, GGMLType.Q5_1),
]


def half(x: float) -> bytes:
    return np.array(x, "<f2").tobytes()


def block(data: bytes, type: GGMLType) -> NDArray[np.float32]:
    assert len(data) == type.type_size
    return dequantize(np.frombuffer(data, np.uint8), type)


def assert_same_bits(ours: NDArray[np.float32], theirs: NDArray[np.float32]) -> None:
    """Equal to the last bit, signs of zeros included; a NaN's payload is nobody's business."""
    assert ours.shape == theirs.shape
    assert ours.dtype == theirs.dtype == np.float32
    both_nan = np.isnan(ours) & np.isnan(theirs)
    assert np.array_equal(
        np.where(both_nan, 0, ours.view("u4")), np.where(both_nan, 0, theirs.view("u4"))
    )


@pytest.mark.parametrize("type", DTYPES, ids=lambda type: type.name)
@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), rows=st.integers(1, 3), blocks=st.integers(1, 3))
def test_random_bytes_expand_to_the_bits_of_the_gguf_package(
    type: GGMLType, seed: int, rows: int, blocks: int
) -> None:
    data = np.random.default_rng(seed).integers(
        0, 256, (rows, blocks * type.type_size), dtype=np.uint8
    )
    with np.errstate(all="ignore"):
        theirs = oracle_dequantize(data, gguf.GGMLQuantizationType(type))
    assert_same_bits(dequantize(data, type), theirs)


@pytest.mark.parametrize("type", QUANTIZABLE, ids=lambda type: type.name)
@settings(max_examples=25, deadline=None)
@given(
    x=hnp.arrays(
        np.float32,
        st.tuples(st.integers(1, 3), st.just(64)),
        elements=st.floats(-1000, 1000, width=32).filter(lambda x: x == 0 or abs(x) > 1e-30),
    )
)
def test_quantizing_gives_the_bytes_of_the_gguf_package(
    type: GGMLType, x: NDArray[np.float32]
) -> None:
    theirs = oracle_quantize(x, gguf.GGMLQuantizationType(type)).view(np.uint8)
    assert np.array_equal(quantize(x, type), theirs)


@pytest.mark.parametrize(("type", "step"), [(GGMLType.Q8_0, 1 / 127), (GGMLType.Q4_0, 1 / 8)])
def test_a_round_trip_is_off_by_at_most_one_step(type: GGMLType, step: float) -> None:
    x = np.random.default_rng(0).uniform(-1, 1, (4, 2, 96)).astype(np.float32)
    packed = quantize(x, type)
    assert packed.shape == (4, 2, row_bytes(type, 96))
    assert np.abs(dequantize(packed, type) - x).max() <= step


@pytest.mark.parametrize("type", DTYPES, ids=lambda type: type.name)
def test_a_layout_is_as_large_as_its_type_says(type: GGMLType) -> None:
    assert DTYPES[type].itemsize == type.type_size


@pytest.mark.parametrize("type", DTYPES, ids=lambda type: type.name)
def test_shapes_survive_even_when_empty_or_strided(type: GGMLType) -> None:
    assert dequantize(np.empty((2, 0), np.uint8), type).shape == (2, 0)
    assert dequantize(np.empty((0, type.type_size), np.uint8), type).shape == (0, type.block_size)
    strided = np.zeros((2, 3, 2 * type.type_size), np.uint8)[:, ::2]
    assert dequantize(strided, type).shape == (2, 2, 2 * type.block_size)


def test_f32_by_hand() -> None:
    assert block(bytes.fromhex("0000c03f"), GGMLType.F32).tolist() == [1.5]


def test_f16_by_hand() -> None:
    assert block(bytes.fromhex("00c1"), GGMLType.F16).tolist() == [-2.5]


def test_bf16_by_hand() -> None:
    assert block(bytes.fromhex("20c0"), GGMLType.BF16).tolist() == [-2.5]


def test_q8_0_by_hand() -> None:
    q = [-128, 127, *range(30)]
    data = half(0.5) + np.array(q, np.int8).tobytes()
    assert block(data, GGMLType.Q8_0).tolist() == [0.5 * value for value in q]


def test_q4_0_by_hand() -> None:
    data = half(2) + bytes(range(0x00, 0x100, 0x11))  # 0x00, 0x11, ... 0xFF: both nibbles are j
    values = [2.0 * (j - 8) for j in range(16)]
    assert block(data, GGMLType.Q4_0).tolist() == values + values


def test_q4_1_by_hand() -> None:
    data = half(2) + half(-3) + bytes([0xF0] * 8 + [0x2A] * 8)
    expected = [-3.0] * 8 + [17.0] * 8 + [27.0] * 8 + [1.0] * 8  # 2 * (0, 10, 15, 2) - 3
    assert block(data, GGMLType.Q4_1).tolist() == expected


def test_q5_0_by_hand() -> None:
    # The fifth bit is set for elements 0 and 31 only; every nibble is 3 (low) or 5 (high).
    data = half(1) + bytes.fromhex("01000080") + bytes([0x53] * 16)
    expected = [3.0, *[-13.0] * 15, *[-11.0] * 15, 5.0]
    assert block(data, GGMLType.Q5_0).tolist() == expected


def test_q5_1_by_hand() -> None:
    data = half(0.5) + half(1) + bytes.fromhex("02000040") + bytes([0x21] * 16)
    expected = [1.5, 9.5, *[1.5] * 14, *[2.0] * 14, 10.0, 2.0]  # 1 + q / 2
    assert block(data, GGMLType.Q5_1).tolist() == expected


def test_q2_k_by_hand() -> None:
    # Group 0: scale 3, minimum 2; group 15: scale 1, minimum 0; the others: nothing at all.
    scales = bytes([0x23, *[0] * 14, 0x01])
    qs = bytes([0b01] * 16 + [0] * 16 + [0] * 16 + [0b11_00_00_00] * 16)
    y = block(scales + qs + half(2) + half(1), GGMLType.Q2_K)
    assert y[:16].tolist() == [2 * 3 * 1 - 1 * 2] * 16
    assert y[16:240].tolist() == [0] * 224
    assert y[240:].tolist() == [2 * 1 * 3] * 16


def test_q3_k_by_hand() -> None:
    # Scale 0 is 0b10_0101 - 32 = 5 (low nibble of byte 0, bits 0-1 of byte 8);
    # scale 15 is 0b11_0111 - 32 = 23 (high nibble of byte 7, bits 6-7 of byte 11); the others -32.
    scales = bytes([0x05, *[0] * 6, 0x70, 0b10, 0, 0, 0b11_00_00_00])
    hmask = bytes([0b0000_0001] * 16 + [0b1000_0000] * 16)  # groups 0 and 15 keep their q
    qs = bytes([0b10] * 16 + [0] * 32 + [0b01_00_00_00] * 16)
    y = block(hmask + qs + scales + half(0.5), GGMLType.Q3_K)
    assert y[:16].tolist() == [0.5 * 5 * 2] * 16
    assert y[16:32].tolist() == [0.5 * -32 * -4] * 16
    assert y[240:].tolist() == [0.5 * 23 * 1] * 16


def test_q4_k_by_hand() -> None:
    # Group 0: scale 0b00_0011, minimum 0b00_0101; group 4: scale 0b11_0001, minimum 0b10_0010.
    scales = bytes([0b11_000011, 0, 0, 0, 0b10_000101, 0, 0, 0, 0b0010_0001, 0, 0, 0])
    qs = bytes([0x07] * 32 + [0x00] * 32 + [0x09] * 32 + [0xF0] * 32)
    y = block(half(2) + half(1) + scales + qs, GGMLType.Q4_K)
    assert y[:32].tolist() == [2 * 3 * 7 - 5] * 32
    assert y[32:128].tolist() == [0] * 96
    assert y[128:160].tolist() == [2 * 49 * 9 - 34] * 32
    assert y[224:].tolist() == [0] * 32  # group 7 has quants but no scale


def test_q5_k_by_hand() -> None:
    # As Q4_K's block, with the fifth bit set in group 0's first and group 4's last element.
    scales = bytes([0b11_000011, 0, 0, 0, 0b10_000101, 0, 0, 0, 0b0010_0001, 0, 0, 0])
    qh = bytes([0b0000_0001, *[0] * 30, 0b0001_0000])
    qs = bytes([0x07] * 32 + [0x00] * 32 + [0x09] * 32 + [0x00] * 32)
    y = block(half(2) + half(1) + scales + qh + qs, GGMLType.Q5_K)
    assert y[:32].tolist() == [2 * 3 * (7 + 16) - 5] + [2 * 3 * 7 - 5] * 31
    assert y[128:160].tolist() == [2 * 49 * 9 - 34] * 31 + [2 * 49 * (9 + 16) - 34]


def test_q6_k_by_hand() -> None:
    # Element 0 takes the low nibble of ql[0] and the low bits of qh[0]; element 255 the high
    # nibble of ql[127] and the top bits of qh[63].
    ql = bytes([0x05, *[0] * 126, 0xA0])
    qh = bytes([0b10, *[0] * 62, 0b11_00_00_00])
    scales = np.array([-3, *[0] * 14, 7], np.int8).tobytes()
    y = block(ql + qh + scales + half(0.25), GGMLType.Q6_K)
    assert y[:16].tolist() == [0.25 * -3 * (5 + 32 - 32)] + [0.25 * -3 * -32] * 15
    assert y[16:240].tolist() == [0] * 224
    assert y[240:].tolist() == [0.25 * 7 * -32] * 15 + [0.25 * 7 * (10 + 48 - 32)]


def test_a_format_without_a_layout_is_refused_by_name() -> None:
    with pytest.raises(FormatError, match="tensor type IQ2_XXS is not supported"):
        dequantize(np.zeros(66, np.uint8), GGMLType.IQ2_XXS)
    with pytest.raises(FormatError, match="quantizing to Q2_K is not supported"):
        quantize(np.zeros(256, np.float32), GGMLType.Q2_K)


def test_part_of_a_block_is_refused() -> None:
    with pytest.raises(FormatError, match=r"\(2, 35\) bytes are not whole Q8_0 blocks"):
        dequantize(np.zeros((2, 35), np.uint8), GGMLType.Q8_0)
    with pytest.raises(FormatError, match="33 elements is not a whole number of Q8_0 blocks"):
        quantize(np.zeros(33, np.float32), GGMLType.Q8_0)
