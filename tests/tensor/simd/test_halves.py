"""Conversions of float16 in integers: all 65536 halves, and roundings, as NumPy has them."""

from collections.abc import Callable
from typing import Any

import numba
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from llvmlite import ir
from numba.core import types

from pyollama_tensor.simd import halves
from pyollama_tensor.simd.vector import word


@word
def widened(typing: Any, bits: Any) -> Any:
    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return halves.widen(builder, builder.bitcast(args[0], halves.HALF), ir.FloatType())

    return types.float32(types.uint16), codegen


@word
def narrowed(typing: Any, number: Any) -> Any:
    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.bitcast(halves.narrow(builder, args[0]), ir.IntType(16))

    return types.uint16(types.float32), codegen


@numba.njit
def widen_all(bits: np.ndarray, out: np.ndarray) -> None:
    for i in range(len(bits)):
        out[i] = widened(bits[i])


@numba.njit
def narrow_all(numbers: np.ndarray, out: np.ndarray) -> None:
    for i in range(len(numbers)):
        out[i] = narrowed(numbers[i])


def narrowed_by_numpy(numbers: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore", under="ignore"):
        return numbers.astype(np.float16)


def test_every_half_is_widened_exactly() -> None:
    bits = np.arange(1 << 16).astype(np.uint16)
    out = np.empty(len(bits), np.float32)
    widen_all(bits, out)
    np.testing.assert_array_equal(out, bits.view(np.float16).astype(np.float32))
    assert np.signbit(out[0x8000])


def test_every_half_survives_both_ways() -> None:
    bits = np.arange(1 << 16).astype(np.uint16)
    out = np.empty_like(bits)
    narrow_all(bits.view(np.float16).astype(np.float32), out)
    np.testing.assert_array_equal(out.view(np.float16), bits.view(np.float16))


@pytest.mark.parametrize("step", [np.nextafter, lambda x, to: x])
def test_ties_and_their_neighbours_are_rounded_to_even(step: Callable[..., Any]) -> None:
    halves_ = np.arange(0x7C00).astype(np.uint16).view(np.float16).astype(np.float32)
    ties = (halves_[1:] + halves_[:-1]) / np.float32(2)
    for numbers in (step(ties, np.float32(0)), step(ties, np.float32(1e9))):
        out = np.empty(len(numbers), np.uint16)
        narrow_all(numbers, out)
        np.testing.assert_array_equal(out.view(np.float16), narrowed_by_numpy(numbers))


@given(st.lists(st.floats(width=32), min_size=1))
def test_any_number_is_rounded_as_numpy_rounds_it(numbers: list[float]) -> None:
    array = np.array(numbers, np.float32)
    out = np.empty(len(array), np.uint16)
    narrow_all(array, out)
    np.testing.assert_array_equal(out.view(np.float16), narrowed_by_numpy(array))
