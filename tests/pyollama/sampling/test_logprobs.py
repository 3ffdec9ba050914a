"""Log probabilities against the definition, and at its edges."""

from math import exp

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyollama.sampling.logprobs import IMPOSSIBLE, token_logprob


@given(st.lists(st.floats(-10, 10, width=32), min_size=2, max_size=40), st.data())
def test_it_is_the_log_of_the_softmax(values: list[float], data: st.DataObject) -> None:
    token = data.draw(st.integers(0, len(values) - 1))
    logits = np.array(values, np.float32)
    expected = np.log(np.exp(logits.astype(np.float64))) - np.log(
        np.exp(logits.astype(np.float64)).sum()
    )
    found = token_logprob(logits, token, 2)
    assert found.token == token
    assert found.logprob == pytest.approx(expected[token], abs=1e-5)
    assert [id for id, _ in found.top] == np.argsort(-logits, kind="stable")[:2].tolist()
    assert [value for _, value in found.top] == pytest.approx(
        sorted(expected, reverse=True)[:2], abs=1e-5
    )


def test_all_probabilities_together_are_one() -> None:
    logits = np.random.default_rng(0).normal(0, 2, 20).astype(np.float32)
    top = token_logprob(logits, 0, 20).top
    assert sum(exp(value) for _, value in top) == pytest.approx(1)


def test_certainty_is_zero_exactly_and_the_impossible_a_finite_number() -> None:
    logits = np.array([200, 0, -np.inf], np.float32)
    assert token_logprob(logits, 0, 0).logprob == 0
    assert token_logprob(logits, 1, 0).logprob == IMPOSSIBLE
    assert token_logprob(logits, 2, 0).logprob == IMPOSSIBLE


def test_values_are_numbers_of_32_bits() -> None:
    value = token_logprob(np.array([1.1, 0.3, 0.2], np.float32), 1, 0).logprob
    assert float(np.float32(value)) == value


def test_without_alternatives_there_are_none_and_never_more_than_the_vocabulary_has() -> None:
    logits = np.array([1, 2, 3], np.float32)
    assert token_logprob(logits, 0, 0).top == ()
    assert [id for id, _ in token_logprob(logits, 0, 20).top] == [2, 1, 0]
