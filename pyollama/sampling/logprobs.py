"""Log probabilities of a drawn token and of its likeliest alternatives, for ``logprobs``.

They describe what the model says, not what the sampler made of it: the natural logarithm of the
softmax over the whole vocabulary, before penalties, truncation and temperature.
"""

from dataclasses import dataclass

import numpy as np

from pyollama.sampling.largest import largest
from pyollama_tensor.types import Array

IMPOSSIBLE = float(np.finfo(np.float32).min)  # what llama.cpp reports for a probability of 0


@dataclass(frozen=True)
class TokenLogprob:
    """One drawn token with its log probability, and the likeliest tokens at its place.

    top: (token, log probability) in descending order; the drawn token need not be among them.
    """

    token: int
    logprob: float
    top: tuple[tuple[int, float], ...]


def token_logprob(logits: Array, token: int, n_top: int) -> TokenLogprob:
    """The log probability of ``token`` and of the ``n_top`` likeliest tokens.

    logits: float32 (n_vocab,), as the model gave them, finite.
    """
    maximum = logits.max()
    mass = np.exp(
        logits - maximum
    ).sum()  # float32, in pairs: exact to a few units of the last place

    def logprob(id: int) -> float:
        # A quotient of 32 bits, as in llama.cpp, so that what is all but certain is 0 exactly.
        probability = np.exp(logits[id] - maximum) / mass
        return float(np.log(probability)) if probability > 0 else IMPOSSIBLE

    top = tuple((int(id), logprob(int(id))) for id in largest(logits, n_top)) if n_top else ()
    return TokenLogprob(token, logprob(token), top)
