"""What the benchmark of cache types tells, on distributions whose distances are known."""

import kv_quality
import numpy as np
import pytest

from pyollama_tensor.cache import KVCache
from pyollama_tensor.types import F64


def log(*probabilities: float) -> F64:
    """The log probabilities of two tokens alike."""
    logs: F64 = np.log(np.array([probabilities, probabilities]))
    return logs


def test_what_has_not_moved_is_at_no_distance() -> None:
    text = np.array([0, 2], np.int32)
    shift = kv_quality.moved([log(0.5, 0.25, 0.25)], [log(0.5, 0.25, 0.25)], [text])
    assert (shift.divergence, shift.worst, shift.agreement) == (0, 0, 1)
    assert shift.loss == pytest.approx(np.log(4))


def test_the_divergence_is_that_from_the_exact_distribution() -> None:
    text = np.array([0, 1], np.int32)
    shift = kv_quality.moved([log(0.5, 0.5)], [log(0.25, 0.75)], [text])
    assert shift.divergence == pytest.approx(0.5 * np.log(2) + 0.5 * np.log(2 / 3))
    assert shift.agreement == 0
    assert shift.loss == pytest.approx(-np.log(0.75))


def test_log_softmax_takes_any_size() -> None:
    np.testing.assert_allclose(
        kv_quality.log_softmax(np.array([[1e4, 1e4, -1e4]], np.float32))[0, :2], -np.log(2)
    )


def test_scales_are_counted_in_the_bytes_of_a_token() -> None:
    cache = KVCache(2, 3, 4, 64, 64, "q8_0")
    assert kv_quality.bytes_per_token(cache) == 2 * 4 * 2 * 64 * 34 / 32
