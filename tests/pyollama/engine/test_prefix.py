"""Pages shared by prefix: computed once, copied when they change, evicted; and nothing leaks."""

from collections.abc import Sequence

import numpy as np
import pytest
from stepping import answer, request, run

from pyollama.engine import Engine
from pyollama.models.loader import Model
from pyollama_tensor.batch import PAGE, Batch, Row
from pyollama_tensor.types import Array

LONG = list(range(1, 101))  # three full pages and four tokens
CANARY = 0x7E00  # the bits of a float16 that is not a number


class Counting:
    """An engine whose model counts the rows it computes."""

    def __init__(self, model: Model, n_slot: int = 1) -> None:
        self.n_row = 0
        self.engine = Engine(model, 256, n_slot)
        passes = self.engine.passes
        self._forward, self._decode = passes.forward, passes.decode
        passes.forward, passes.decode = self.forward, self.decode  # type: ignore[method-assign]

    def forward(self, batch: Batch) -> Array:
        self.n_row += batch.n_row
        return self._forward(batch)

    def decode(self, rows: Sequence[Row]) -> Array:
        self.n_row += len(rows)
        return self._decode(rows)

    def __call__(self, prompt: list[int], num_predict: int = 4) -> tuple[list[int], int]:
        """The answer to a prompt, and how many of the prompt's tokens were computed for it."""
        before = self.n_row
        tokens = answer(self.engine, prompt, num_predict)
        return tokens, self.n_row - before - len(tokens) + 1


def fresh(model: Model, prompt: list[int], num_predict: int = 4) -> list[int]:
    """The answer of an engine that has seen nothing before."""
    return answer(Engine(model, 256), prompt, num_predict)


def test_the_same_prompt_again_computes_its_last_token_only(model: Model) -> None:
    ask = Counting(model)
    first, n_first = ask(LONG)
    second, n_second = ask(LONG)
    assert (n_first, n_second) == (len(LONG), 1)
    assert first == second == fresh(model, LONG)


def test_a_prompt_of_whole_pages_computes_its_last_token_again(model: Model) -> None:
    ask, prompt = Counting(model), LONG[: 2 * PAGE]
    assert ask(prompt)[0] == ask(prompt)[0] == fresh(model, prompt)


@pytest.mark.parametrize("n_common", [1, 31, 32, 33, 64, 70, 97])
def test_what_two_prompts_have_in_common_is_computed_once(model: Model, n_common: int) -> None:
    ask = Counting(model)
    ask(LONG)
    other = [*LONG[:n_common], *range(200, 250)]
    tokens, n_computed = ask(other)
    assert n_computed == 50
    assert tokens == fresh(model, other)
    assert ask(LONG) == (fresh(model, LONG), 1)  # the copied page has left the first as it was


def test_a_conversation_goes_on_from_its_own_answer(model: Model) -> None:
    ask = Counting(model)
    said, _ = ask(LONG, 20)
    turn = [*LONG, *said, 7, 8, 9]
    tokens, n_computed = ask(turn)
    assert n_computed == 4  # the answer's last token was never fed back
    assert tokens == fresh(model, turn)


def test_requests_at_once_compute_their_common_prefix_once(model: Model) -> None:
    ask = Counting(model, 8)
    prompts = [[*LONG, 200 + i] for i in range(8)]
    tokens, _ = run(ask.engine, [request(prompt, 1) for prompt in prompts])
    assert tokens == [fresh(model, prompt, 1) for prompt in prompts]
    assert ask.n_row <= len(LONG) + 8 * (LONG[-1] % PAGE + 1)


def test_running_answers_share_pages(model: Model) -> None:
    engine = Engine(model, 256, 2)
    answer(engine, LONG)
    for last in (201, 202):
        engine.add(request([*LONG, last], 50))
    engine.step()
    assert engine.pool.n_page - engine.pool.n_free == 3 + 2  # three shared, one of its own each


def test_the_longest_unused_pages_make_room(model: Model) -> None:
    ask = Counting(model)  # eight pages
    prompts = [[i, *LONG[1:]] for i in (101, 102, 103)]  # four pages each
    for prompt in prompts:
        assert ask(prompt)[0] == fresh(model, prompt)
    assert ask(prompts[2])[1] == 1
    assert ask(prompts[0])[1] == len(LONG)  # evicted for the third


def test_a_cancelled_prompt_leaves_what_it_has_computed(model: Model) -> None:
    ask = Counting(model)
    leaving = request(LONG, 50)
    ask.engine.n_batch = 40
    ask.engine.add(leaving)
    ask.engine.step()
    ask.engine.cancel(leaving)
    assert ask.engine.pool.n_free == ask.engine.pool.n_page
    tokens, n_computed = ask(LONG)
    assert n_computed == 60  # forty were in the cache
    assert tokens == fresh(model, LONG)


def test_nothing_of_a_conversation_reaches_another(model: Model) -> None:
    """Free pages are poisoned: whatever is read of them would spoil every later token."""
    engine = Engine(model, 256, 2)
    secret = list(range(100, 200))
    answer(engine, secret, 30)
    tree = engine.pool.tree
    while tree.unused:
        engine.pool.give_back(tree.evict())
    for layer in engine.cache.layers:
        layer.k[:] = CANARY
        layer.v[:] = CANARY
    for prompt in (LONG, [5], [*LONG[:40], 9], list(range(60, 124))):
        assert answer(engine, prompt) == fresh(model, prompt, 8)


def test_a_secret_in_the_cache_changes_no_other_answer(model: Model) -> None:
    engine = Engine(model, 256, 3)
    rng = np.random.default_rng(1)
    prompts = [rng.integers(0, 250, rng.integers(1, 120)).tolist() for _ in range(25)]
    prompts += [[*prompt[: len(prompt) // 2], 3, 1] for prompt in prompts]
    order = rng.permutation(len(prompts))
    together, _ = run(engine, [request(prompts[i], 6) for i in order])
    assert together == [fresh(model, prompts[i], 6) for i in order]
    assert engine.pool.n_free == engine.pool.n_page
