"""Running an engine by hand: greedy samplers, requests, and stepping until all have ended."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from pyollama.engine import DoneReason, Engine, Request
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

    def accept_all(self, tokens: Iterable[int]) -> None:
        self.accepted += tokens

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


def request(
    prompt: Iterable[int], num_predict: int = 8, sampler: Greedy | None = None, **fields: Any
) -> Request:
    """A greedy request."""
    return Request(list(prompt), sampler or Greedy(), num_predict, frozenset([END]), **fields)


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


def answer(engine: Engine, prompt: Iterable[int], num_predict: int = 8, **fields: Any) -> list[int]:
    """The tokens of one request."""
    return run(engine, [request(prompt, num_predict, **fields)])[0][0]
