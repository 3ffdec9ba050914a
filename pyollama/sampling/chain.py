"""The steps between a row of logits and a token, each a function of candidates.

Papers: arXiv:1909.05858 (repetition penalty), 1805.04833 (top-k), 1904.09751 (top-p, "nucleus"),
2202.00666 (locally typical), 2407.01082 (min-p).
Shapes: V = n_vocab, N = candidates left. Of equal logits the lower token id comes first.
"""

from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pyollama.errors import EngineError
from pyollama.sampling.largest import largest

NOT_FINITE = "the model's logits are not finite"
HEADS = (256, 8192)  # how many of the largest logits top_p sorts before it sorts all


class Candidates(NamedTuple):
    """Tokens that may still be drawn, in an order that only some steps change."""

    ids: NDArray[np.int64]  # (N,)
    logits: NDArray[np.float32]  # (N,)

    def take(self, places: NDArray[np.int64] | NDArray[np.bool_] | slice) -> "Candidates":
        """The candidates at those places, in their order."""
        return Candidates(self.ids[places], self.logits[places])


def candidates(logits: NDArray[np.float32]) -> Candidates:
    """All tokens, in the order of their ids, (V,).

    EngineError if a logit is NaN or infinite, or none is above minus infinity.
    """
    if not np.isfinite(logits.max()):  # the maximum of an array with a NaN is NaN
        raise EngineError(NOT_FINITE)
    return Candidates(_all_ids(len(logits)), logits)


@cache
def _all_ids(n_vocab: int) -> NDArray[np.int64]:
    """0 to n_vocab - 1, made once: filling a megabyte takes as long as a whole step."""
    ids = np.arange(n_vocab)
    ids.flags.writeable = False
    return ids


def penalize(
    logits: NDArray[np.float32],
    counts: Mapping[int, int],
    repeat: float,
    presence: float,
    frequency: float,
) -> NDArray[np.float32]:
    """Lower the logits of tokens seen before, by how often each was, (V,) -> (V,) copy."""
    ids = np.fromiter(counts.keys(), np.int64, len(counts))
    seen = np.fromiter(counts.values(), np.float32, len(counts))
    old = logits[ids]
    out = logits.copy()
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        # what is infinite now is refused with the candidates
        new = np.where(old > 0, old / np.float32(repeat), old * np.float32(repeat))
        out[ids] = new - (seen * np.float32(frequency) + np.float32(presence))
    return out


def top_k(c: Candidates, k: int) -> Candidates:
    """The k largest logits, in descending order."""
    return c.take(largest(c.logits, k))


def typical(c: Candidates, p: float) -> Candidates:
    """The tokens whose surprise is closest to the expected one, until their mass exceeds p."""
    c = top_k(c, len(c.ids))
    probabilities = softmax(c.logits)
    with np.errstate(divide="ignore"):
        surprise = -np.log(probabilities)  # infinite where the probability is 0
    possible = probabilities > 0
    entropy = np.sum(probabilities[possible] * surprise[possible])
    order = np.argsort(np.abs(surprise - entropy), kind="stable")
    n_kept = int(np.searchsorted(np.cumsum(probabilities[order]), p, side="right")) + 1
    return c.take(order[:n_kept])


def top_p(c: Candidates, p: float) -> Candidates:
    """The likeliest tokens, in descending order, until their mass reaches p."""
    largest = c.logits.max()
    total = np.sum(np.exp(c.logits - largest, dtype=np.float64))
    for size in (*HEADS, len(c.ids)):
        head = top_k(c, min(size, len(c.ids)))
        mass = np.cumsum(np.exp(head.logits - largest, dtype=np.float64)) / total
        if mass[-1] >= p or len(head.ids) == len(c.ids):
            break
    return head.take(slice(int(np.searchsorted(mass, p, side="left")) + 1))


def min_p(c: Candidates, p: float) -> Candidates:
    """The tokens at least p times as likely as the likeliest."""
    lowest = min(c.logits.max(), c.logits.max() + np.float32(np.log(p)))
    return c.take(c.logits >= lowest)


def tempered(c: Candidates, temperature: float) -> Candidates:
    """Logits / temperature; at 0 or less only the likeliest token is left."""
    with np.errstate(over="ignore", under="ignore"):
        t = np.float32(temperature)  # a temperature too small for 32 bits is none
        if t <= 0:
            return c.take(np.array([np.argmax(c.logits)]))
        return Candidates(c.ids, (c.logits - c.logits.max()) / t)


def draw(c: Candidates, u: float) -> int:
    """The first token at which the mass, in the candidates' order, exceeds u in [0, 1)."""
    mass = np.cumsum(softmax(c.logits))
    place = int(np.searchsorted(mass, u * mass[-1], side="right"))
    return int(c.ids[min(place, len(c.ids) - 1)])


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    """Probabilities, (N,) -> float64 (N,)."""
    weights = np.exp(logits - logits.max(), dtype=np.float64)
    return np.asarray(weights / np.sum(weights))
