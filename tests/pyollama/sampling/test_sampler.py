"""The whole chain: order of the steps, history, seeds, and the statistics of what is drawn."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyollama.errors import EngineError
from pyollama.sampling import Sampler, SamplerOptions, chain
from pyollama.sampling.randomness import UniformDoubles

N_VOCAB = 50
LOGITS = np.random.default_rng(1).normal(0, 3, N_VOCAB).astype(np.float32)
PLAIN = SamplerOptions(seed=5, top_k=0, top_p=1.0, temperature=1.0)  # every step is off


def drawn(options: SamplerOptions, n: int, logits: np.ndarray = LOGITS) -> list[int]:
    sampler = Sampler(options, len(logits))
    return [sampler.sample(logits) for _ in range(n)]


def softmax(logits: np.ndarray) -> np.ndarray:
    weights = np.exp(logits.astype(np.float64) - logits.max())
    return np.asarray(weights / weights.sum())


@given(st.integers(0, 2**32 - 2))
def test_the_same_seed_draws_the_same_tokens(seed: int) -> None:
    options = SamplerOptions(seed=seed)
    assert drawn(options, 5) == drawn(options, 5)


def test_different_seeds_draw_different_tokens() -> None:
    assert len({tuple(drawn(replace(PLAIN, seed=seed), 20)) for seed in range(20)}) == 20


def test_zero_temperature_is_greedy_and_takes_the_lower_id_of_equals() -> None:
    logits = np.array([0, 2, 1, 2], np.float32)
    assert drawn(SamplerOptions(temperature=0), 5, logits) == [1] * 5


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_tokens_are_drawn_as_often_as_their_probability_says(temperature: float) -> None:
    n = 4_000
    options = replace(PLAIN, temperature=temperature)
    expected = n * softmax(LOGITS / temperature)
    counts = Counter(drawn(options, n))
    common = expected > 5  # the rule of thumb for the chi-squared test
    seen = np.array([counts[id] for id in range(N_VOCAB)])
    statistic = np.sum((seen - expected)[common] ** 2 / expected[common])
    degrees = np.count_nonzero(common)
    assert statistic < degrees + 4 * np.sqrt(2 * degrees)


def test_truncation_sees_probabilities_before_temperature() -> None:
    logits = np.log(np.array([0.5, 0.3, 0.15, 0.05], np.float32))
    options = SamplerOptions(seed=5, top_k=0, top_p=0.75, temperature=100.0)
    assert set(drawn(options, 500, logits)) == {0, 1}


def test_top_p_sees_only_what_top_k_has_left() -> None:
    logits = np.log(np.array([0.4, 0.3, 0.2, 0.1], np.float32))
    # Of the two that top_k leaves, the first has 0.57 of the mass.
    assert set(drawn(SamplerOptions(seed=5, top_k=2, top_p=0.5), 200, logits)) == {0}


def test_min_p_and_typical_p_take_part() -> None:
    logits = np.log(np.array([0.5, 0.3, 0.15, 0.05], np.float32))
    assert set(drawn(replace(PLAIN, min_p=0.5), 300, logits)) == {0, 1}
    assert set(drawn(replace(PLAIN, typical_p=0.2), 300, logits)) == {1}


def test_a_repeated_token_is_penalized_until_it_leaves_the_window() -> None:
    sampler = Sampler(SamplerOptions(temperature=0, repeat_penalty=2.0, repeat_last_n=2), n_vocab=3)
    logits = np.array([1.0, 0.9, -5.0], np.float32)
    sampler.accept(0)
    assert sampler.sample(logits) == 1
    sampler.accept(2)
    sampler.accept(2)
    assert sampler.sample(logits) == 0


@given(st.lists(st.integers(0, N_VOCAB - 1), max_size=30), st.integers(1, 8))
def test_frequency_counts_the_last_tokens_only(history: list[int], window: int) -> None:
    options = SamplerOptions(temperature=0, frequency_penalty=1.5, repeat_last_n=window)
    sampler = Sampler(options, N_VOCAB)
    expected = LOGITS.copy()
    for token in history:
        sampler.accept(token)
    for token in history[-window:]:
        expected[token] -= 1.5
    assert sampler.sample(LOGITS) == int(np.argmax(expected))


@given(st.lists(st.integers(-2, N_VOCAB + 1), max_size=30), st.integers(0, 8), st.integers(0, 30))
def test_many_tokens_are_as_one_after_the_other(history: list[int], window: int, n: int) -> None:
    options = SamplerOptions(temperature=0, frequency_penalty=1.5, repeat_last_n=window)
    together, apart = Sampler(options, N_VOCAB), Sampler(options, N_VOCAB)
    for token in history:
        apart.accept(token)
    together.accept_all(history[:n])
    together.accept_all(history[n:])
    assert together._recent == apart._recent
    assert together._counts == apart._counts


def test_without_a_window_there_are_no_penalties() -> None:
    sampler = Sampler(SamplerOptions(temperature=0, repeat_penalty=9.0, repeat_last_n=0), 2)
    sampler.accept(0)
    assert sampler.sample(np.array([1.0, 0.9], np.float32)) == 0


def test_suppressed_tokens_are_never_drawn() -> None:
    best = int(np.argmax(LOGITS))
    sampler = Sampler(PLAIN, N_VOCAB, suppressed=[best])
    assert best not in {sampler.sample(LOGITS) for _ in range(200)}


def test_sampling_leaves_the_logits_as_they_are() -> None:
    logits = LOGITS.copy()
    sampler = Sampler(SamplerOptions(repeat_penalty=1.5), N_VOCAB, suppressed=[1])
    for _ in range(5):
        sampler.accept(sampler.sample(logits))
    np.testing.assert_array_equal(logits, LOGITS)


@given(
    st.builds(
        SamplerOptions,
        seed=st.integers(0, 999),
        top_k=st.integers(1, 60),
        top_p=st.floats(0, 1.5),
        min_p=st.floats(0, 2),
        temperature=st.floats(0, 3),
    )
)
def test_the_usual_chain_is_its_steps_one_after_another(options: SamplerOptions) -> None:
    steps = chain.top_k(chain.candidates(LOGITS), options.top_k)
    if options.top_p < 1:
        steps = chain.top_p(steps, options.top_p)
    if options.min_p > 0:
        steps = chain.min_p(steps, options.min_p)
    steps = chain.tempered(steps, options.temperature)
    random = UniformDoubles(options.seed)
    assert drawn(options, 8) == [chain.draw(steps, random.next()) for _ in range(8)]


@pytest.mark.parametrize("top_k", [0, 40])
def test_logits_that_are_not_finite_are_an_error(top_k: int) -> None:
    with pytest.raises(EngineError, match="the model's logits are not finite"):
        drawn(replace(PLAIN, top_k=top_k), 1, np.full(N_VOCAB, np.nan, np.float32))


@given(
    st.builds(
        SamplerOptions,
        seed=st.integers(-1, 9),
        top_k=st.integers(-1, 60),
        top_p=st.floats(0, 1.5),
        min_p=st.floats(0, 2),
        typical_p=st.floats(0, 1.5),
        temperature=st.floats(-1, 1e30),
        repeat_penalty=st.floats(0.01, 100),
        presence_penalty=st.floats(-10, 10),
        frequency_penalty=st.floats(-10, 10),
    )
)
def test_any_options_draw_a_token_of_the_vocabulary(options: SamplerOptions) -> None:
    sampler = Sampler(options, N_VOCAB)
    for _ in range(5):
        token = sampler.sample(LOGITS)
        assert 0 <= token < N_VOCAB
        sampler.accept(token)
