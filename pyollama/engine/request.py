"""What the engine is asked for, and what it answers: token ids only."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from pyollama.errors import PyollamaError
from pyollama.sampling.constraint import Constraint
from pyollama.sampling.logprobs import TokenLogprob
from pyollama_tensor.types import Array

DoneReason = Literal["stop", "length"]


class Sampler(Protocol):
    """Chooses tokens; it remembers those it was told of, for the penalties."""

    def accept(self, token: int) -> None:
        """Count a token of the answer."""
        ...

    def accept_all(self, tokens: Sequence[int]) -> None:
        """Count the tokens of the prompt."""
        ...

    def sample(self, logits: Array) -> int:
        """The next token's id, from logits of shape (n_vocab,)."""
        ...


@dataclass
class Stats:
    """What a request has cost so far; times in nanoseconds.

    prompt_tokens_dropped: those that were cut off the prompt before it came here
    """

    prompt_eval_count: int = 0
    prompt_eval_duration: int = 0
    eval_count: int = 0
    eval_duration: int = 0
    prompt_tokens_dropped: int = 0


@dataclass(eq=False)
class Request:
    """One generation.

    prompt: token ids, at least one, all below n_vocab
    num_predict: how many tokens at most, at least 1
    end_tokens: ids that end the answer and are not part of it
    num_keep: positions at the front that stay when the context shifts, negative for the prompt's
    shift: whether a full context shifts; otherwise it ends the answer
    n_top_logprobs: how many alternatives are told with each token's log probability, None for no
        log probabilities at all
    constraint: which tokens the answer may consist of; None for any
    """

    prompt: Sequence[int]
    sampler: Sampler
    num_predict: int
    end_tokens: frozenset[int]
    num_keep: int = 0
    shift: bool = True
    n_top_logprobs: int | None = None
    constraint: Constraint | None = None
    stats: Stats = field(default_factory=Stats)


@dataclass(frozen=True)
class Event:
    """One step of one request: a token, the end, or both (the last token of the budget).

    An error ends a request too: its sampler could not choose a token. The others go on.
    """

    request: Request
    token: int | None
    done_reason: DoneReason | None
    logprob: TokenLogprob | None = None  # of the token, where the request wants it
    error: PyollamaError | None = None

    @property
    def is_last(self) -> bool:
        """Whether nothing of this request follows."""
        return self.done_reason is not None or self.error is not None
