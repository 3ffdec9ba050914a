"""Rotary embedding: angles by hand, scalings against the formulas written out."""

from math import ceil, cos, floor, log, pi, sin

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyollama_tensor.rope import Rope, RopeError, rope_frequencies


def test_frequencies_fall_from_one_to_one_over_base() -> None:
    np.testing.assert_allclose(rope_frequencies(4, 10000.0).frequencies, [1.0, 0.01])


def test_factors_divide_frequencies() -> None:
    factors = np.array([1.0, 8.0], np.float32)
    assert rope_frequencies(4, 10000.0, factors=factors).frequencies[1] == pytest.approx(0.01 / 8)


def test_linear_scaling_slows_every_pair() -> None:
    plain = rope_frequencies(8, 10000.0)
    slow = rope_frequencies(8, 10000.0, scaling="linear", factor=4.0)
    np.testing.assert_allclose(slow.frequencies, plain.frequencies / 4.0)
    assert slow.magnitude == 1.0


@given(
    n_rot=st.sampled_from([8, 64, 128]),
    factor=st.floats(1.0, 64.0),
    n_ctx_orig=st.integers(64, 65536),
    ext=st.floats(0.125, 1.0),
)
def test_yarn_mixes_interpolation_and_extrapolation(
    n_rot: int, factor: float, n_ctx_orig: int, ext: float
) -> None:
    rope = rope_frequencies(
        n_rot, 10000.0, scaling="yarn", factor=factor, n_ctx_orig=n_ctx_orig, ext_factor=ext
    )
    low = max(0, floor(n_rot * log(n_ctx_orig / (32 * 2 * pi)) / (2 * log(10000.0))))
    high = min(n_rot - 1, ceil(n_rot * log(n_ctx_orig / (1 * 2 * pi)) / (2 * log(10000.0))))
    for i, frequency in enumerate(rope.frequencies):
        theta = 10000.0 ** (-2 * i / n_rot)
        mix = (1 - min(1.0, max(0.0, (i - low) / max(0.001, high - low)))) * ext
        assert frequency == pytest.approx(theta / factor * (1 - mix) + theta * mix)
    assert rope.magnitude == pytest.approx(1 + 0.1 * log(factor))


def test_yarn_without_extrapolation_is_linear() -> None:
    linear = rope_frequencies(8, 10000.0, scaling="linear", factor=4.0)
    yarn = rope_frequencies(
        8, 10000.0, scaling="yarn", factor=4.0, n_ctx_orig=4096, ext_factor=0.0, attn_factor=1.5
    )
    np.testing.assert_allclose(yarn.frequencies, linear.frequencies)
    assert yarn.magnitude == 1.5


def test_tables_are_exact_far_out() -> None:
    rope = Rope(np.array([1.0, 0.1]), magnitude=2.0)
    cosines, sines = rope.tables(np.array([100_000_001], np.int32))
    np.testing.assert_allclose(cosines[0], [2 * cos(100_000_001), 2 * cos(10_000_000.1)], rtol=1e-6)
    np.testing.assert_allclose(sines[0], [2 * sin(100_000_001), 2 * sin(10_000_000.1)], rtol=1e-6)


def test_tables_follow_positions_that_change_in_place() -> None:
    rope, positions = Rope(np.array([1.0])), np.array([1], np.int32)
    before = rope.tables(positions)[0].copy()
    positions[0] = 2
    assert rope.tables(positions)[0] != before


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"n_rot": 0}, "even and positive"),
        ({"n_rot": 7}, "even and positive"),
        ({"base": 0.0}, "must be positive"),
        ({"base": float("nan")}, "must be positive"),
        ({"scaling": "linear", "factor": 0.0}, "must be positive"),
        ({"factors": np.ones(3, np.float32)}, "rope factors for 4 pairs"),
        ({"factors": np.zeros(4, np.float32)}, "factors must be positive"),
        ({"scaling": "yarn", "factor": 2.0}, "original context length"),
    ],
)
def test_senseless_parameters_are_refused(changes: dict[str, object], message: str) -> None:
    arguments: dict[str, object] = {"n_rot": 8, "base": 10000.0} | changes
    with pytest.raises(RopeError, match=message):
        rope_frequencies(**arguments)  # type: ignore[arg-type]
