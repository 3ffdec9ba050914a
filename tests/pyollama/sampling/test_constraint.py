"""Drawing within a form: freely first, then among what is allowed."""

from collections.abc import Set as AbstractSet

import numpy as np
import pytest
from numpy.typing import NDArray

from pyollama.errors import EngineError
from pyollama.sampling import Sampler, SamplerOptions
from pyollama.sampling.constraint import choose

LOGITS = np.array([1.0, 5.0, 2.0, 2.0, 0.0], np.float32)
GREEDY = SamplerOptions(temperature=0, top_k=2)


class Only:
    """Allows the same tokens for ever, and remembers what it was asked and told."""

    is_done = False

    def __init__(self, tokens: AbstractSet[int]) -> None:
        self.tokens = tokens
        self.accepted: list[int] = []
        self.n_mask = 0

    def allows(self, token: int) -> bool:
        return token in self.tokens

    def mask(self) -> NDArray[np.bool_]:
        self.n_mask += 1
        return np.isin(np.arange(len(LOGITS)), sorted(self.tokens))

    def accept(self, token: int) -> None:
        assert token in self.tokens
        self.accepted.append(token)


def test_without_a_constraint_the_sampler_decides() -> None:
    assert choose(Sampler(GREEDY, 5).sample, LOGITS, None) == 1


def test_a_token_that_is_allowed_costs_no_mask() -> None:
    constraint = Only({1, 4})
    assert choose(Sampler(GREEDY, 5).sample, LOGITS, constraint) == 1
    assert (constraint.n_mask, constraint.accepted) == (0, [1])


def test_a_refused_token_is_drawn_again_by_the_whole_chain_among_the_allowed() -> None:
    constraint = Only({0, 3, 4})  # neither of which top_k would have left
    before = LOGITS.copy()
    assert choose(Sampler(GREEDY, 5).sample, LOGITS, constraint) == 3
    assert (constraint.n_mask, constraint.accepted) == (1, [3])
    np.testing.assert_array_equal(LOGITS, before)


def test_the_second_draw_spends_a_second_random_number() -> None:
    options = SamplerOptions(seed=7, temperature=1.0, top_k=0, top_p=1.0)
    flat = np.zeros(5, np.float32)
    free = Sampler(options, 5)
    first = [free.sample(flat) for _ in range(3)]
    forbidden = first[0]
    bound = Sampler(options, 5)
    choose(bound.sample, flat, Only(set(range(5)) - {forbidden}))
    assert bound.sample(flat) == first[2]


def test_tokens_that_a_mask_leaves_out_are_never_drawn() -> None:
    options = SamplerOptions(seed=3, temperature=5.0, top_k=0, top_p=0.9, min_p=0.01, typical_p=0.9)
    sampler, constraint = Sampler(options, 5), Only({0, 4})
    assert {choose(sampler.sample, LOGITS, constraint) for _ in range(200)} == {0, 4}


def test_no_token_at_all_is_an_error() -> None:
    with pytest.raises(EngineError, match="no token"):
        choose(Sampler(GREEDY, 5).sample, LOGITS, Only(set()))
