"""The rope kernels against their NumPy twin."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pyollama_tensor import compiled, reference
from pyollama_tensor.rope import Rope


@given(
    n_row=st.integers(1, 40),
    n_head=st.integers(1, 5),
    n_pair=st.integers(1, 40),
    n_rest=st.integers(0, 9),
    neox=st.booleans(),
    seed=st.integers(0, 2**32),
)
def test_rope_is_its_twin(
    n_row: int, n_head: int, n_pair: int, n_rest: int, neox: bool, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    rope = Rope(rng.random(n_pair), 1.25, neox)
    x = rng.standard_normal((n_row, n_head, 2 * n_pair + n_rest), np.float32)
    positions = rng.integers(0, 100_000, n_row, np.int32)
    out = compiled.rope(x, positions, rope)
    # Only the rounding differs: a fused multiply-add rounds once, NumPy twice.
    np.testing.assert_allclose(out, reference.rope(x, positions, rope), rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(out[..., 2 * n_pair :], x[..., 2 * n_pair :])


def test_rope_takes_any_strides() -> None:
    x = np.random.default_rng(0).standard_normal((5, 4, 16), np.float32)
    rope, positions = Rope(np.array([0.5, 0.25]), 1.0), np.arange(5, dtype=np.int32)
    expected = compiled.rope(x[:, 1:3].copy(), positions, rope)
    np.testing.assert_array_equal(compiled.rope(x[:, 1:3], positions, rope), expected)
