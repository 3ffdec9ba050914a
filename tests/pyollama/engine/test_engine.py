"""The engine on a small random model: batches, limits, pages, cancellation."""

import numpy as np
import pytest
import tiny_llama

from pyollama.engine import DoneReason, Engine, Request
from pyollama.models.loader import Model, load_model
from pyollama_formats.gguf import open_gguf
from pyollama_tensor.types import Array

END = 260
NEVER = frozenset([END])


class Greedy:
    """Takes the best token that is not in ``avoid``, and remembers what it was told."""

    def __init__(self, avoid: frozenset[int] = NEVER) -> None:
        self.avoid = sorted(avoid)
        self.accepted: list[int] = []

    def accept(self, token: int) -> None:
        self.accepted.append(token)

    def sample(self, logits: Array) -> int:
        allowed = logits.copy()
        allowed[self.avoid] = -np.inf
        return int(np.argmax(allowed))


class Always(Greedy):
    """Says one token for ever."""

    def __init__(self, token: int) -> None:
        super().__init__()
        self.token = token

    def sample(self, logits: Array) -> int:
        return self.token


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    path = tiny_llama.write_model(tmp_path_factory.mktemp("model") / "m.gguf")
    with open_gguf(path) as file:
        return load_model(file)


def request(prompt: list[int], num_predict: int = 8, sampler: Greedy | None = None) -> Request:
    return Request(prompt, sampler or Greedy(), num_predict, frozenset([END]))


def run(engine: Engine, requests: list[Request]) -> tuple[list[list[int]], list[DoneReason | None]]:
    """Step until all requests have ended: the tokens of each, and why each ended."""
    for each in requests:
        engine.add(each)
    tokens: dict[Request, list[int]] = {each: [] for each in requests}
    reasons: dict[Request, DoneReason | None] = dict.fromkeys(requests)
    while engine.busy:
        for event in engine.step():
            if event.token is not None:
                tokens[event.request].append(event.token)
            if event.done_reason is not None:
                reasons[event.request] = event.done_reason
    return list(tokens.values()), list(reasons.values())


PROMPTS = [list(range(1, 40)), [5, 6, 7], list(range(100, 180)), [9], list(range(50, 82))]


def test_an_answer_does_not_depend_on_its_neighbours(model: Model) -> None:
    alone = [run(Engine(model, 256, 1, 16), [request(prompt)])[0][0] for prompt in PROMPTS]
    together, _ = run(Engine(model, 256, 3, 16), [request(prompt) for prompt in PROMPTS])
    assert together == alone


def test_decoding_continues_as_a_longer_prompt_would(model: Model) -> None:
    (tokens,), _ = run(Engine(model, 256), [request([5, 6, 7], 6)])
    (rest,), _ = run(Engine(model, 256), [request([5, 6, 7, *tokens[:3]], 3)])
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


def test_a_full_context_ends_the_answer(model: Model) -> None:
    engine = Engine(model, 200)  # rounded up to 256 positions
    tokens, reasons = run(engine, [request([1] * 250, 100, Always(3))])
    assert reasons == ["length"]
    assert 250 + len(tokens[0]) == engine.n_ctx + 1  # the last token needs no place of its own


@pytest.mark.parametrize(("n_prompt", "fits"), [(0, False), (1, True), (255, True), (256, False)])
def test_a_prompt_must_leave_room_for_a_token(model: Model, n_prompt: int, fits: bool) -> None:
    assert Engine(model, 256).fits(n_prompt) is fits


def test_the_sampler_hears_of_every_token(model: Model) -> None:
    sampler = Greedy()
    (tokens,), _ = run(Engine(model, 256), [request([4, 5], 3, sampler)])
    assert sampler.accepted == [4, 5, *tokens]


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
