"""Drawing a token: the kernel against its NumPy twin, which sorts, and both against numbers."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyollama_tensor import compiled, reference
from pyollama_tensor.ops import MOST_DRAWN
from pyollama_tensor.types import F32

Draw = Callable[..., int]
DRAWS = pytest.mark.parametrize("draw", [compiled.draw, reference.draw])


def row(*probabilities: float) -> F32:
    return np.log(np.array(probabilities, np.float32))


@DRAWS
@pytest.mark.parametrize(
    ("options", "u", "token"),
    [
        ((40, 1.0, 0.0, 1.0), 0.49, 1),
        ((40, 1.0, 0.0, 1.0), 0.51, 0),  # the likeliest stands first: 0.5, then 0.3
        ((40, 1.0, 0.0, 1.0), 0.81, 3),
        ((40, 1.0, 0.0, 1.0), 0.96, 2),
        ((2, 1.0, 0.0, 1.0), 0.62, 1),  # of 0.8
        ((2, 1.0, 0.0, 1.0), 0.63, 0),
        ((40, 0.79, 0.0, 1.0), 0.999, 0),
        ((40, 0.81, 0.0, 1.0), 0.999, 3),
        ((40, 0.0, 0.0, 1.0), 0.999, 1),
        ((40, 1.0, 0.5, 1.0), 0.999, 0),
        ((40, 1.0, 2.0, 1.0), 0.999, 1),
        ((40, 1.0, 0.0, 0.0), 0.999, 1),
        ((40, 1.0, 0.0, -1.0), 0.999, 1),
        ((40, 1.0, 0.0, 1e-50), 0.999, 1),  # no number of 32 bits
        ((40, 1.0, 0.0, 1e30), 0.74, 3),  # all are equal
    ],
)
def test_by_hand(
    draw: Draw, options: tuple[int, float, float, float], u: float, token: int
) -> None:
    assert draw(row(0.3, 0.5, 0.05, 0.15), *options, u) == token


@st.composite
def rows(draw: st.DrawFn) -> F32:
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n = draw(st.integers(1, 2000))
    logits = rng.normal(0.0, draw(st.sampled_from([0.1, 1.0, 5.0])), n).astype(np.float32)
    if draw(st.booleans()):
        logits = np.round(logits)  # many are equal
    logits[rng.random(n) < draw(st.sampled_from([0.0, 0.5, 0.99]))] = -np.inf
    return logits


@given(
    rows(),
    st.integers(1, MOST_DRAWN),
    st.floats(0.0, 1.1),
    st.floats(0.0, 1.5),
    st.sampled_from([0.0, 0.1, 0.8, 3.0]),
    st.floats(0.0, 1.0, exclude_max=True),
)
def test_the_kernel_is_its_twin(
    logits: F32, top_k: int, top_p: float, min_p: float, temperature: float, u: float
) -> None:
    options = top_k, top_p, min_p, temperature, u
    assert compiled.draw(logits, *options) == reference.draw(logits, *options)


@pytest.mark.parametrize("n", [128_000, 128_001, 127_999])
def test_a_whole_vocabulary(n: int) -> None:
    rng = np.random.default_rng(n)
    for logits in (rng.normal(0, 2, n).astype(np.float32), np.arange(n, dtype=np.float32)):
        for u in rng.random(50):
            options = MOST_DRAWN, 1.0, 0.0, 9.0, float(u)
            assert compiled.draw(logits, *options) == reference.draw(logits, *options)


def test_the_last_of_a_row_takes_part() -> None:
    for n in (1, 15, 16, 17, 63, 64, 65, 200):
        logits = np.zeros(n, np.float32)
        logits[-1] = 1.0
        assert compiled.draw(logits, 1, 1.0, 0.0, 1.0, 0.5) == n - 1


@DRAWS
@pytest.mark.parametrize("n", [1, 20, 300])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_finite_is_told_wherever_it_stands(draw: Draw, n: int, value: float) -> None:
    for place in {0, n // 2, n - 1}:
        logits = np.zeros(n, np.float32)
        logits[place] = value
        assert draw(logits, 5, 0.9, 0.0, 1.0, 0.5) == -1
    assert draw(np.full(n, -np.inf, np.float32), 5, 0.9, 0.0, 1.0, 0.5) == -1


def test_the_logits_stay_as_they_are() -> None:
    logits = row(0.3, 0.5, 0.05, 0.15)
    before = logits.copy()
    compiled.draw(logits, 3, 0.9, 0.1, 0.8, 0.5)
    np.testing.assert_array_equal(logits, before)
