"""The engine on a small random model: batches, limits, pages, cancellation."""

import pytest
from stepping import END, Always, Greedy, answer, request, run

from pyollama.engine import Engine
from pyollama.errors import EngineError
from pyollama.models.loader import Model
from pyollama_tensor.types import Array

PROMPTS = [list(range(1, 40)), [5, 6, 7], list(range(100, 180)), [9], list(range(50, 82))]


def test_an_answer_does_not_depend_on_its_neighbours(model: Model) -> None:
    alone = [answer(Engine(model, 256, 1, 16), prompt) for prompt in PROMPTS]
    for n_slot, n_batch in ((3, 16), (5, 512), (2, 7), (5, 1)):
        engine = Engine(model, 256, n_slot, n_batch)
        together, _ = run(engine, [request(prompt) for prompt in PROMPTS])
        assert together == alone


def test_a_running_answer_gets_a_token_in_every_step_of_a_long_prompt(model: Model) -> None:
    engine = Engine(model, 512, 2)
    running = request([5, 6, 7], 100)
    engine.add(running)
    engine.step()
    engine.add(request(range(250), 1))
    n_step = 0
    while len(engine.running) + len(engine.waiting) == 2:
        assert running in [event.request for event in engine.step()]
        n_step += 1
    assert n_step == 4  # 250 rows, at most 64 of them beside the token


def test_prompts_share_the_rows_of_a_step(model: Model) -> None:
    engine = Engine(model, 512, 2, 64)
    long, short = request(range(250), 1), request(range(10, 40), 1)
    engine.add(long)
    engine.add(short)
    assert [event.request for event in engine.step()] == [short]


def test_requests_wait_for_free_pages(model: Model) -> None:
    engine = Engine(model, 256, 4, n_page=8)
    for first in range(4):
        engine.add(request(range(first, first + 100), 28))  # four pages each
    engine.step()
    assert (len(engine.running), len(engine.waiting)) == (2, 2)
    while engine.busy:
        engine.step()
    assert engine.pool.n_free == 8


def test_decoding_continues_as_a_longer_prompt_would(model: Model) -> None:
    tokens = answer(Engine(model, 256), [5, 6, 7], 6)
    rest = answer(Engine(model, 256), [5, 6, 7, *tokens[:3]], 3)
    assert rest == tokens[3:]


def test_all_pages_are_free_when_nothing_runs(model: Model) -> None:
    engine = Engine(model, 256, 2)
    run(engine, [request(prompt) for prompt in PROMPTS])
    assert engine.pool.n_free == engine.pool.n_page


def test_an_end_token_ends_the_answer_and_is_not_part_of_it(model: Model) -> None:
    tokens, reasons = run(Engine(model, 256), [request([1], 8, Always(END))])
    assert (tokens, reasons) == ([[]], ["stop"])


def test_num_predict_limits_the_answer(model: Model) -> None:
    tokens, reasons = run(Engine(model, 256), [request([1], 5)])
    assert (len(tokens[0]), reasons) == (5, ["length"])


def test_a_full_context_that_may_not_shift_ends_the_answer(model: Model) -> None:
    engine = Engine(model, 200)  # rounded up to 256 positions
    tokens, reasons = run(engine, [request([1] * 250, 100, Always(3), shift=False)])
    assert reasons == ["length"]
    assert 250 + len(tokens[0]) == engine.n_ctx


@pytest.mark.parametrize(("n_prompt", "fits"), [(0, False), (1, True), (255, True), (256, False)])
def test_a_prompt_must_leave_room_for_a_token(model: Model, n_prompt: int, fits: bool) -> None:
    assert Engine(model, 256).fits(n_prompt) is fits


def test_the_sampler_hears_of_every_token(model: Model) -> None:
    sampler = Greedy()
    (tokens,), _ = run(Engine(model, 256), [request([4, 5], 3, sampler)])
    assert sampler.accepted == [4, 5, *tokens]


class Helpless(Greedy):
    """Cannot choose."""

    def sample(self, logits: Array) -> int:
        raise EngineError("nothing to choose from")


def test_a_sampler_that_fails_ends_its_own_answer_only(model: Model) -> None:
    engine = Engine(model, 256, 2)
    failing, staying = request([1, 2], 6, Helpless()), request([5, 6, 7], 6)
    engine.add(failing)
    engine.add(staying)
    events = [event for event in engine.step() if event.request is failing]
    assert [str(event.error) for event in events] == ["nothing to choose from"]
    tokens = []
    while engine.busy:
        tokens += [event.token for event in engine.step()]
    assert tokens == answer(Engine(model, 256), [5, 6, 7], 6)[1:]
    assert engine.pool.n_free == engine.pool.n_page


def test_cancelling_frees_the_pages_at_once_and_leaves_the_others_alone(model: Model) -> None:
    engine = Engine(model, 256, 2)
    leaving, staying = request([1] * 60, 50), request([5, 6, 7], 6)
    expected = run(Engine(model, 256), [request([5, 6, 7], 6)])[0][0]
    engine.add(leaving)
    engine.add(staying)
    tokens = [event.token for event in engine.step() if event.request is staying]
    engine.cancel(leaving)
    assert sum(sequence.table.n_held for sequence in engine.running) <= 1
    while engine.busy:
        tokens += [event.token for event in engine.step() if event.request is staying]
    assert [token for token in tokens if token is not None] == expected
    assert engine.pool.n_free == engine.pool.n_page


def test_a_waiting_request_can_be_cancelled(model: Model) -> None:
    engine = Engine(model, 256, 1)
    first, second = request([1], 2), request([2], 2)
    engine.add(first)
    engine.add(second)
    engine.cancel(second)
    while engine.busy:
        assert all(event.request is first for event in engine.step())


def test_statistics_count_tokens_and_time(model: Model) -> None:
    each = request([1, 2, 3], 4)
    run(Engine(model, 256), [each])
    stats = each.stats
    assert (stats.prompt_eval_count, stats.eval_count) == (3, 4)
    assert stats.prompt_eval_duration > 0
    assert stats.eval_duration > 0


def test_a_first_token_alone_counts_a_microsecond(model: Model) -> None:
    each = request([1, 2, 3], 1)
    run(Engine(model, 256), [each])
    assert each.stats.eval_duration == 1000
