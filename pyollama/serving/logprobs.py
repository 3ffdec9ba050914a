"""Log probabilities as clients see them: texts instead of token ids."""

from collections.abc import Sequence
from typing import TypeVar

from pyollama.api import Logprob, TokenLogprob
from pyollama.sampling import logprobs
from pyollama.tokenizer import Tokenizer
from pyollama.tokenizer.utf8 import incremental_decoder

E = TypeVar("E", bound=TokenLogprob)


def told(found: Sequence[logprobs.TokenLogprob], tokenizer: Tokenizer) -> list[Logprob]:
    """One entry for each token, with its alternatives if the request wants any."""
    if not found:
        return []

    def entry(kind: type[E], id: int, logprob: float) -> E:
        text = token_text(id, tokenizer)
        return kind(token=text, logprob=logprob, bytes=list(text.encode()))

    entries = [entry(Logprob, one.token, one.logprob) for one in found]
    for made, one in zip(entries, found, strict=True):
        made.top_logprobs = [entry(TokenLogprob, id, logprob) for id, logprob in one.top]
    return entries


def token_text(id: int, tokenizer: Tokenizer) -> str:
    """The text of one token: none for a control token, nor for the start of a character."""
    return incremental_decoder().decode(tokenizer.piece(id))
