"""Each step of the sampler chain against a naive implementation in plain Python."""

from itertools import pairwise
from math import exp, inf, log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyollama.errors import EngineError
from pyollama.sampling import chain
from pyollama.sampling.chain import Candidates

Pair = tuple[int, float]  # a token id and its logit

# Sixteenths: exact in float32, so that equal logits are common and both sides see the same ones.
LOGITS = st.lists(st.integers(-200, 200).map(lambda n: n / 16), min_size=1, max_size=30)


def row(logits: list[float]) -> np.ndarray:
    return np.array(logits, np.float32)


def pairs(c: Candidates) -> list[Pair]:
    return [(int(id), float(logit)) for id, logit in zip(c.ids, c.logits, strict=True)]


def ids(c: Candidates) -> list[int]:
    return [int(id) for id in c.ids]


def naive_sorted(logits: list[float]) -> list[Pair]:
    return sorted(enumerate(logits), key=lambda pair: (-pair[1], pair[0]))


def naive_probabilities(logits: list[float]) -> list[float]:
    weights = [exp(logit - max(logits)) for logit in logits]
    return [weight / sum(weights) for weight in weights]


def near(mass: list[float], limit: float) -> bool:
    """Whether rounding decides on which side of the limit a partial sum falls."""
    return any(abs(sum(mass[:n]) - limit) < 1e-9 for n in range(1, len(mass) + 1))


@given(LOGITS, st.integers(1, 40))
def test_top_k_keeps_the_largest_in_descending_order_lower_ids_first(
    logits: list[float], k: int
) -> None:
    assert pairs(chain.top_k(chain.candidates(row(logits)), k)) == naive_sorted(logits)[:k]


@given(LOGITS, st.floats(0.01, 0.99))
def test_top_p_keeps_the_shortest_prefix_that_reaches_p(logits: list[float], p: float) -> None:
    order = naive_sorted(logits)
    mass = naive_probabilities([logit for _, logit in order])
    if near(mass, p):
        return
    n_kept = next(n for n in range(1, len(mass) + 1) if sum(mass[:n]) >= p or n == len(mass))
    assert pairs(chain.top_p(chain.candidates(row(logits)), p)) == order[:n_kept]


def test_top_p_of_a_flat_row_longer_than_what_it_sorts_at_first() -> None:
    kept = chain.top_p(chain.candidates(np.zeros(20_000, np.float32)), 0.5)
    assert ids(kept) == list(range(10_000))


def test_top_p_keeps_at_least_one_token() -> None:
    assert ids(chain.top_p(chain.candidates(row([1, 3, 2])), 0.0)) == [1]


@given(LOGITS, st.floats(0.01, 0.99))
def test_typical_keeps_the_least_surprising_tokens_until_their_mass_exceeds_p(
    logits: list[float], p: float
) -> None:
    order = naive_sorted(logits)
    mass = naive_probabilities([logit for _, logit in order])
    entropy = -sum(m * log(m) for m in mass)
    distance = [abs(-log(m) - entropy) for m in mass]
    by_distance = sorted(range(len(mass)), key=lambda i: distance[i])
    gaps = [distance[b] - distance[a] for a, b in pairwise(by_distance)]
    if near([mass[i] for i in by_distance], p) or any(gap < 1e-9 for gap in gaps):
        return
    total, expected = 0.0, []
    for i in by_distance:
        expected.append(order[i])
        total += mass[i]
        if total > p:
            break
    assert pairs(chain.typical(chain.candidates(row(logits)), p)) == expected


def test_typical_may_drop_the_likeliest_token() -> None:
    logits = np.log(np.array([0.4, 0.15, 0.15, 0.15, 0.15], np.float32))
    assert 0 not in ids(chain.typical(chain.candidates(logits), 0.3))


def test_typical_never_prefers_an_impossible_token() -> None:
    assert ids(chain.typical(chain.candidates(row([-inf, 0.0, -inf])), 0.5)) == [1]


@given(LOGITS, st.floats(0.001, 2.0))
def test_min_p_keeps_what_is_close_enough_to_the_maximum(logits: list[float], p: float) -> None:
    lowest = max(logits) + log(p)
    if any(abs(logit - lowest) < 1e-4 for logit in logits):
        return
    expected = [pair for pair in enumerate(logits) if pair[1] >= lowest]
    if p > 1:  # nothing is likelier than the likeliest: it stays
        expected = [pair for pair in enumerate(logits) if pair[1] == max(logits)]
    assert pairs(chain.min_p(chain.candidates(row(logits)), p)) == expected


@given(LOGITS, st.floats(0.1, 5.0))
def test_temperature_divides_the_differences_of_logits(logits: list[float], t: float) -> None:
    c = chain.tempered(chain.candidates(row(logits)), t)
    expected = [(logit - max(logits)) / t for logit in logits]
    np.testing.assert_allclose(c.logits, expected, rtol=1e-5, atol=1e-5)


@given(LOGITS, st.floats(-1.0, 0.0))
def test_no_temperature_leaves_the_likeliest_token(logits: list[float], t: float) -> None:
    c = chain.tempered(chain.candidates(row(logits)), t)
    assert pairs(c) == naive_sorted(logits)[:1]


@given(
    LOGITS,
    st.dictionaries(st.integers(0, 29), st.integers(1, 9)),
    st.sampled_from([0.5, 1.0, 1.25, 2.0]),
    st.sampled_from([-0.5, 0.0, 0.75]),
    st.sampled_from([-0.25, 0.0, 0.5]),
)
def test_penalties_lower_what_was_seen_by_how_often_it_was(
    logits: list[float],
    counts: dict[int, int],
    repeat: float,
    presence: float,
    frequency: float,
) -> None:
    counts = {id: count for id, count in counts.items() if id < len(logits)}
    expected = list(logits)
    for id, count in counts.items():
        old = expected[id]
        expected[id] = (old / repeat if old > 0 else old * repeat) - count * frequency - presence
    got = chain.penalize(row(logits), counts, repeat, presence, frequency)
    np.testing.assert_allclose(got, expected, rtol=1e-6, atol=1e-6)


@given(LOGITS, st.floats(0, 1, exclude_max=True))
def test_draw_walks_the_candidates_until_their_mass_exceeds_u(
    logits: list[float], u: float
) -> None:
    mass = naive_probabilities(logits)
    if near(mass, u):
        return
    expected = next(n for n in range(len(mass)) if sum(mass[: n + 1]) > u or n == len(mass) - 1)
    assert chain.draw(chain.candidates(row(logits)), u) == expected


def test_draw_never_gives_a_token_without_mass() -> None:
    c = chain.candidates(row([-inf, 0.0, -inf]))
    assert {chain.draw(c, u) for u in (0.0, 0.5, 1 - 2**-53)} == {1}


@pytest.mark.parametrize("logits", [[0.0, float("nan")], [-inf, -inf], [inf, 0.0]])
def test_logits_that_are_not_finite_are_an_error(logits: list[float]) -> None:
    with pytest.raises(EngineError, match="not finite"):
        chain.candidates(row(logits))
