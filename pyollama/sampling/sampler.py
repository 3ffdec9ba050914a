"""Drawing tokens: the chain of one request, with its history and its random numbers."""

from collections import Counter, deque
from collections.abc import Iterable, Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from pyollama.errors import EngineError
from pyollama.sampling import chain
from pyollama.sampling.options import SamplerOptions
from pyollama.sampling.randomness import UniformDoubles
from pyollama_tensor import ops


class Sampler:
    """Draws the tokens of one request; the same seed and logits give the same tokens.

    options: as the request has them, already checked
    n_vocab: length of a row of logits
    suppressed: ids that are never drawn
    bias: what is added to the logits of some ids, before everything else; others have no meaning
    """

    def __init__(
        self,
        options: SamplerOptions,
        n_vocab: int,
        suppressed: Iterable[int] = (),
        bias: Mapping[int, float] = MappingProxyType({}),
    ) -> None:
        self._options = options
        self._n_vocab = n_vocab
        self._suppressed = np.fromiter(suppressed, np.int64)
        known = {token: value for token, value in bias.items() if 0 <= token < n_vocab}
        self._biased = np.fromiter(known.keys(), np.int64)
        self._bias = np.fromiter(known.values(), np.float32)
        penalties = options.repeat_penalty, options.presence_penalty, options.frequency_penalty
        self._remembers = options.repeat_last_n > 0 and penalties != (1, 0, 0)
        self._random = UniformDoubles(options.seed)
        self._recent: deque[int] = deque()
        self._counts: Counter[int] = Counter()

    def accept_all(self, tokens: Iterable[int]) -> None:
        """Take note of many tokens, of which only the last ones matter: a prompt may be long."""
        if not self._remembers:
            return
        known = (token for token in tokens if 0 <= token < self._n_vocab)
        for token in deque(known, self._options.repeat_last_n):
            self.accept(token)

    def accept(self, token: int) -> None:
        """Take note of a token of the prompt or of the answer, for the penalties."""
        if not self._remembers or not 0 <= token < self._n_vocab:
            return
        self._recent.append(token)
        self._counts[token] += 1
        if len(self._recent) > self._options.repeat_last_n:
            self._forget(self._recent.popleft())

    def _forget(self, token: int) -> None:
        self._counts[token] -= 1
        if not self._counts[token]:
            del self._counts[token]

    def sample(self, logits: NDArray[np.float32]) -> int:
        """Draw the next token from a row of logits, (n_vocab,), which is left as it is."""
        o = self._options
        row = self._penalized(self._allowed(logits))
        if 0 < o.top_k <= ops.MOST_DRAWN and o.typical_p >= 1:
            return self._drawn(row)
        c = chain.candidates(row)
        if o.top_k > 0:
            c = chain.top_k(c, o.top_k)
        if o.typical_p < 1:
            c = chain.typical(c, o.typical_p)
        if o.top_p < 1:
            c = chain.top_p(c, o.top_p)
        if o.min_p > 0:
            c = chain.min_p(c, o.min_p)
        c = chain.tempered(c, o.temperature)
        return chain.draw(c, self._random.next())  # a number is spent even if one token is left

    def _drawn(self, row: NDArray[np.float32]) -> int:
        """What the steps of the chain would give if typical_p is off, in one step."""
        o = self._options
        u = self._random.next()
        token = ops.draw(row, o.top_k, o.top_p, o.min_p, o.temperature, u)
        if token < 0:
            raise EngineError(chain.NOT_FINITE)
        return token

    def _allowed(self, logits: NDArray[np.float32]) -> NDArray[np.float32]:
        if not len(self._suppressed) and not len(self._biased):
            return logits
        out = logits.copy()
        out[self._biased] += self._bias
        out[self._suppressed] = -np.inf
        return out

    def _penalized(self, logits: NDArray[np.float32]) -> NDArray[np.float32]:
        if not self._counts:
            return logits
        o = self._options
        return chain.penalize(
            logits, self._counts, o.repeat_penalty, o.presence_penalty, o.frequency_penalty
        )
