"""The second request with a long prefix in common: how soon it answers, and what is computed twice.

Only what differs should be computed. With one differing token the first token is one step of the
engine, so its time is compared with that of the steps after it, in the same answer.
"""

import time
from collections.abc import Sequence

import compare
from client import gap
from duel import Duel
from figures import Rounds

from pyollama.engine import Engine, Request
from pyollama.models.loader import Model, load_model
from pyollama.sampling import Options, Sampler
from pyollama_formats.gguf.reader import open_gguf
from pyollama_tensor.batch import Batch, Row
from pyollama_tensor.types import Array


def first_token(duel: Duel, n_prefix: int) -> Rounds:
    """Milliseconds to the first token of a request whose prefix is known, and of a decoding step.

    The requests differ in their last token alone.
    """
    client, rounds = duel.client, Rounds([], [])
    prefix = client.context(n_prefix)
    client.generate(prefix + client.fresh(1), 1)
    for _ in range(duel.extent.rounds + 1):
        prompt = prefix + client.fresh(1)
        started = time.perf_counter()
        lines = client.generate(prompt, duel.extent.n_token)
        rounds.ours.append((lines[0].arrived - started) * 1e3)
        rounds.theirs.append(gap(lines) * 1e3)
    return Rounds(rounds.ours[1:], rounds.theirs[1:])


def computed_twice(duel: Duel, n_prefix: int) -> list[float]:
    """Positions of a shared prefix that the engine computes for a second request.

    The model is any; what goes through it is counted.
    """
    rows: list[int] = []
    with open_gguf(duel.setting.model) as file:
        model = load_model(file)
        engine = Engine(model, n_prefix + compare.CONTEXT)
        count_rows(engine, rows)
        for last in (1, 2):
            rows.clear()
            run(engine, model, [*compare.ids(n_prefix), last])
    return [sum(rows) - 1.0]  # without the token that differs


def run(engine: Engine, model: Model, prompt: list[int]) -> None:
    """Let an engine make one token."""
    engine.add(Request(prompt, Sampler(Options(), model.config.n_vocab), 1, frozenset()))
    while engine.busy:
        engine.step()


def count_rows(engine: Engine, counts: list[int]) -> None:
    """Have an engine note how many rows each of its passes has."""
    forward, decode = engine.passes.forward, engine.passes.decode

    def counting(batch: Batch) -> Array:
        counts.append(batch.n_row)
        return forward(batch)

    def counting_decoded(rows: Sequence[Row]) -> Array:
        counts.append(len(rows))
        return decode(rows)

    engine.passes.forward = counting  # type: ignore[method-assign]
    engine.passes.decode = counting_decoded  # type: ignore[method-assign]
