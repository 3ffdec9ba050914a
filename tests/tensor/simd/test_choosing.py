"""Words that choose, round and store: every lane by itself, also where a lane is no number."""

import numpy as np

from pyollama_tensor.jit import kernel
from pyollama_tensor.simd import (
    load_f16,
    load_f32x16,
    round_away,
    round_even,
    square_root,
    store_f16,
    store_f32x16,
    where_less,
)
from pyollama_tensor.types import F32, U8

RNG = np.random.default_rng(0)


@kernel
def choose(a: F32, b: F32, x: F32, y: F32, out: F32) -> None:
    chosen = where_less(load_f32x16(a, 0), load_f32x16(b, 0), load_f32x16(x, 0), load_f32x16(y, 0))
    store_f32x16(out, 0, chosen)


@kernel
def round_both(x: F32, away: F32, even: F32) -> None:
    store_f32x16(away, 0, round_away(load_f32x16(x, 0)))
    store_f32x16(even, 0, round_even(load_f32x16(x, 0)))


@kernel
def root(x: F32, out: F32) -> None:
    store_f32x16(out, 0, square_root(load_f32x16(x, 0)))


@kernel
def through_half(x: F32, room: U8, out: F32) -> None:
    for i in range(x.size):
        store_f16(room, 1, x[i])  # at an odd address
        out[i] = load_f16(room, 1)


def test_a_lane_is_chosen_where_it_is_less_and_never_by_a_nan() -> None:
    a, b, x, y = RNG.standard_normal((4, 16), np.float32)
    a[:4], b[:4] = [1, 2, np.nan, 0], [1, np.nan, 2, np.inf]
    out = np.empty(16, np.float32)
    choose(a, b, x, y, out)
    np.testing.assert_array_equal(out, np.where(a < b, x, y))


def test_halves_are_rounded_away_from_zero_or_to_even() -> None:
    below = np.nextafter(np.float32(0.5), np.float32(0))
    x = np.array([0.5, 1.5, 2.5, -0.5, -1.5, -2.5, below, -below, 0, 126.5, 3.4, -3.6], np.float32)
    x = np.concatenate([x, np.array([2**23 + 1, -(2**23) - 1, 1e9, 0.49], np.float32)])
    away, even = np.empty((2, 16), np.float32)
    round_both(x, away, even)
    assert away.tolist()[:12] == [1, 2, 3, -1, -2, -3, 0, 0, 0, 127, 3, -4]
    assert away.tolist()[12:] == [2**23 + 1, -(2**23) - 1, 1e9, 0]
    np.testing.assert_array_equal(even, np.rint(x))


def test_roots_are_those_of_numpy() -> None:
    x, out = np.abs(RNG.standard_normal(16, np.float32)), np.empty(16, np.float32)
    root(x, out)
    np.testing.assert_array_equal(out, np.sqrt(x))


def test_a_half_is_the_nearest_and_lies_anywhere() -> None:
    x = np.array([0, -0.0, 1 / 3, 65504, 65519, 65520, -1e9, 6e-8, 2049, np.inf], np.float32)
    out = np.empty_like(x)
    through_half(x, np.zeros(4, np.uint8), out)
    with np.errstate(over="ignore"):
        np.testing.assert_array_equal(out, x.astype(np.float16).astype(np.float32))
