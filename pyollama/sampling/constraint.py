"""Keeping an answer within a form: what says which tokens may follow, and how it takes part.

A mask over the whole vocabulary costs far more than asking about one token, and a model that was
asked for JSON mostly says JSON. So a token is drawn freely first; the mask is made only when that
one is refused. Shapes: V = n_vocab.
"""

from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pyollama.errors import EngineError


class Constraint(Protocol):
    """Which tokens an answer may consist of. It belongs to one answer and follows it."""

    @property
    def is_done(self) -> bool:
        """Whether nothing but the end can follow."""
        ...

    def allows(self, token: int) -> bool:
        """Whether a token may come next; one that ends the answer, whether it may end here."""
        ...

    def mask(self) -> NDArray[np.bool_]:
        """Whether each token may come next, (V,)."""
        ...

    def accept(self, token: int) -> None:
        """Go on by a token that is allowed."""
        ...


def choose(
    sample: Callable[[NDArray[np.float32]], int],
    logits: NDArray[np.float32],
    constraint: Constraint | None,
) -> int:
    """A token by the sampler, drawn a second time among the allowed ones if the first is not.

    sample: from logits (V,) to a token; each call spends a random number of its own
    logits: float32 (V,), left as they are

    Raises EngineError if no token is allowed.
    """
    token = sample(logits)
    if constraint is None:
        return token
    if not constraint.allows(token):
        allowed = constraint.mask()
        if not allowed.any():
            raise EngineError("no token of the model's vocabulary continues the output format")
        token = sample(np.where(allowed, logits, np.float32(-np.inf)))
    constraint.accept(token)
    return token
