"""Texts to embed that are longer than the context: what is cut off, and what is refused.

A text is cut to its first tokens, and those are turned back into text: what the engine is given is
always text, around which it puts the special tokens of the model.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from pyollama.engine import Encoder
from pyollama.errors import BadRequest, NoEmbeddings
from pyollama.serving.loaded import LoadedModel
from pyollama.tokenizer import Tokenizer

NO_EMBEDDINGS = "This server does not support embeddings. Start it with `--embeddings`"
TOO_LONG = "the input length exceeds the context length"
NO_ROOM = "input after truncation exceeds maximum context length"
NOT_TRUNCATABLE = "input exceeds maximum context length and cannot be truncated further"


@dataclass(frozen=True)
class Limits:
    """How long a text may be.

    n_ctx: tokens of the context that the request wants, its special tokens included
    counts_bos, counts_eos: whether the file lets those be counted
    """

    loaded: LoadedModel
    n_ctx: int
    counts_bos: bool
    counts_eos: bool

    @property
    def tokenizer(self) -> Tokenizer:
        """The model's tokenizer."""
        return self.loaded.tokenizer

    @property
    def encoder(self) -> Encoder:
        """What makes the vectors. Raises NoEmbeddings if the model makes text."""
        engine = self.loaded.runner.engine
        if not isinstance(engine, Encoder):
            raise NoEmbeddings(NO_EMBEDDINGS)
        return engine

    def plain(self, n_token: int, text: str, first: Sequence[int]) -> int:
        """How many plain tokens leave room for the special ones that the text does not bring along.

        first: the first token of the text, none if it is empty
        """
        if not first:
            return n_token
        tokenizer = self.tokenizer
        has_bos = first[0] == tokenizer.bos
        end = "" if tokenizer.eos is None else tokenizer.token(tokenizer.eos)
        has_eos = end != "" and text.endswith(end)
        needs_bos, needs_eos = not has_bos and self.counts_bos, not has_eos and self.counts_eos
        return n_token - needs_bos - needs_eos


def limits_of(loaded: LoadedModel, num_ctx: int) -> Limits:
    """The limits of a model for a request that wants a context of num_ctx (0 or less: all)."""
    trained = loaded.model.config.n_ctx_train
    metadata = loaded.file.metadata
    architecture = metadata.get("general.architecture")
    return Limits(
        loaded,
        n_ctx=min(num_ctx, trained) if num_ctx > 0 else trained,
        counts_bos=metadata.get(f"{architecture}.add_bos_token") is not False,
        counts_eos=metadata.get(f"{architecture}.add_eos_token") is not False,
    )


def cut_input(text: str, limits: Limits, *, truncate: bool) -> list[int]:
    """The token ids of a text for /api/embed, special ones included.

    Raises BadRequest for a text that is too long, or whatever is left of it; NoEmbeddings.
    """
    plain = plain_tokens(text, limits)
    most = limits.plain(limits.n_ctx, text, plain[:1])
    if most <= 0:
        raise BadRequest(NO_ROOM)
    if len(plain) > most:
        if not truncate:
            raise BadRequest(TOO_LONG)
        text, plain = spelled(plain[:most], limits.tokenizer), plain[:most]
    encoder = limits.encoder
    ids = limits.tokenizer.encode(text, at_most=encoder.n_ctx + 1)
    if encoder.fits(len(ids)):
        return ids
    if not truncate:
        raise BadRequest(TOO_LONG)
    return cut_further(plain, limits)


def whole_input(text: str, limits: Limits) -> list[int]:
    """The token ids of a text for /api/embeddings, special ones included.

    Raises BadRequest for a text that is too long, NoEmbeddings.
    """
    encoder = limits.encoder
    ids = limits.tokenizer.encode(text, at_most=encoder.n_ctx + 1)
    if not encoder.fits(len(ids)):
        raise BadRequest(TOO_LONG)
    return ids


def cut_further(plain: Sequence[int], limits: Limits) -> list[int]:
    """The ids of a text cut to what the engine takes at once. Raises BadRequest."""
    tokenizer, encoder = limits.tokenizer, limits.encoder
    most = encoder.n_ctx - len(tokenizer.encode(""))  # the special tokens come always
    if len(plain) <= max(most, 0):
        raise BadRequest(NOT_TRUNCATABLE)
    if most <= 0:
        raise BadRequest(NO_ROOM)
    ids = tokenizer.encode(spelled(plain[:most], tokenizer), at_most=encoder.n_ctx + 1)
    if not encoder.fits(len(ids)):
        raise BadRequest(TOO_LONG)
    return ids


def plain_tokens(text: str, limits: Limits) -> list[int]:
    """The tokens of a text without special ones around it, but not many more than fit."""
    return limits.tokenizer.encode(text, add_special=False, at_most=limits.n_ctx + 1)


def spelled(ids: Sequence[int], tokenizer: Tokenizer) -> str:
    """The text of tokens one by one, with the texts of special ones."""
    data = b"".join(tokenizer.piece(id, special=True) for id in ids)
    return data.decode("utf-8", "replace")
