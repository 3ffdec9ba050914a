"""Prompts that are longer than the context: what is left out, and what is refused.

It happens in two stages. While the prompt is built whole messages go, the oldest first; a text
completion then loses tokens from its middle, as if the context had been shifted. What still does
not fit is for the engine to refuse.
"""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from pyollama.api import Message
from pyollama.errors import BadRequest, PyollamaError
from pyollama.tokenizer import Tokenizer

Messages = Sequence[Message]

TOO_LONG = (
    "the prompt is longer than the context length currently available to the model; shorten the "
    "prompt, adjust the context length in settings, or use a model with a longer context length"
)

STRICT = (
    "the prompt has {} tokens and the context {}: it would be cut, which PYOLLAMA_STRICT_CONTEXT "
    "forbids; shorten the prompt or raise num_ctx"
)
GEMMA_BOS = "<bos>"  # never doubled, whatever writes the prompt
MAX_TEXT = 1 << 23  # characters of a prompt: more than any context has room for


@dataclass
class Room:
    """How many tokens a prompt may have; n_token is None if nothing is to be left out.

    It remembers what it has tokenized: a prompt that was measured is not tokenized again to run.
    bos: what a prompt may begin with in place of the token that the tokenizer puts before it
    strict: whether a prompt that is too long is refused, and not cut
    n_dropped: how many tokens of the whole prompt are left out
    """

    tokenizer: Tokenizer
    n_token: int | None
    bos: str = ""
    strict: bool = False
    n_dropped: int = 0
    known: dict[str, list[int]] = field(default_factory=dict)

    def tokens(self, text: str) -> list[int]:
        """The token ids of a prompt, BOS and EOS included if wanted. Raises BadRequest."""
        if len(text) > MAX_TEXT:
            raise BadRequest(TOO_LONG)
        if text not in self.known:
            self.known[text] = self.tokenizer.encode(self._without_bos(text))
        return self.known[text]

    def holds(self, text: str) -> bool:
        """Whether a prompt fits; BOS and EOS are not counted here."""
        if self.n_token is None or len(text.encode("utf-8", "replace")) < self.n_token:
            return True  # a token has a byte at least, but for a blank before the text
        if len(text) > MAX_TEXT:
            return False
        return len(self.tokens(text)) - self._n_special <= self.n_token

    def leave_out(self, whole: str, kept: str) -> None:
        """Note that a prompt has lost messages. Raises BadRequest if that is forbidden.

        Of a prompt longer than MAX_TEXT that much counts.
        """
        n_whole = len(self.tokens(whole[:MAX_TEXT]))
        if self.strict and kept != whole:
            raise BadRequest(STRICT.format(n_whole, self.n_token))
        if len(kept) <= MAX_TEXT:
            self.n_dropped = max(n_whole - len(self.tokens(kept)), 0)

    def cut(self, tokens: list[int], n_ctx: int, n_keep: int, *, shift: bool) -> list[int]:
        """As the function cut, and keeps account. Raises BadRequest where it is forbidden."""
        if self.strict and len(tokens) >= n_ctx:
            raise BadRequest(STRICT.format(len(tokens) + self.n_dropped, n_ctx))
        kept = cut(tokens, n_ctx, n_keep, shift=shift)
        self.n_dropped += len(tokens) - len(kept)
        return kept

    def _without_bos(self, text: str) -> str:
        """The text without its own BOS where the tokenizer adds one."""
        if not (self.tokenizer.add_bos and self.tokenizer.bos is not None):
            return text
        for bos in (self.bos, GEMMA_BOS):
            if bos and text.startswith(bos):
                return text[len(bos) :]
        return text

    @property
    def _n_special(self) -> int:
        tokenizer = self.tokenizer
        adds_bos = tokenizer.add_bos and tokenizer.bos is not None
        adds_eos = tokenizer.add_eos and tokenizer.eos is not None
        return int(adds_bos) + int(adds_eos)


def fitted(messages: Messages, render: Callable[[Messages], str], room: Room) -> str:
    """The prompt of as many of the last messages as there is room for, and of the last at least.

    Messages of the system are kept whatever their age. A prompt grows with every message that it
    keeps, so the cut is found by doubling what is kept while that fits, and then by halving: of a
    chat of any length only what has room is rendered, and that a few times.
    """
    whole = render(messages)
    room.n_dropped = 0
    if len(messages) < 2 or room.holds(whole):
        return whole
    last = len(messages) - 1

    def fits(n_left_out: int) -> bool:
        return _holds(without(messages, n_left_out), render, room)

    n_kept, most = 3, last  # odd: many templates want the user to begin
    while n_kept < len(messages) and fits(len(messages) - n_kept):
        most, n_kept = len(messages) - n_kept, 2 * n_kept + 1
    fewest = max(1, len(messages) - n_kept + 1)
    first = fewest + bisect_left(range(fewest, most), True, key=fits)
    kept = render(without(messages, first))
    room.leave_out(whole, kept)
    return kept


def without(messages: Messages, n: int) -> Messages:
    """The messages less the first n, of which those of the system stay."""
    return [*(m for m in messages[:n] if m.role == "system"), *messages[n:]]


def _holds(messages: Messages, render: Callable[[Messages], str], room: Room) -> bool:
    """Whether some messages fit; what the template does not accept, does not."""
    try:
        return room.holds(render(messages))
    except PyollamaError:
        return False


def kept_at_front(num_keep: int, tokenizer: Tokenizer) -> int:
    """How many tokens at the front stay when a context is cut; -1 for the whole prompt.

    num_keep counts from behind BOS, where the model wants one.
    """
    return -1 if num_keep < 0 else num_keep + int(tokenizer.add_bos and tokenizer.bos is not None)


def cut(tokens: list[int], n_ctx: int, n_keep: int, *, shift: bool) -> list[int]:
    """A prompt that leaves room in n_ctx positions: its front, and as much of its end.

    n_keep: as kept_at_front gives it. Half of what is not kept is freed, so that the answer does
    not fill the context at once. Raises BadRequest if contexts are not shifted.
    """
    if len(tokens) < n_ctx:
        return tokens
    if not shift:
        raise BadRequest(TOO_LONG)
    keep = min(len(tokens) if n_keep < 0 else n_keep, n_ctx - 1)
    n_left = n_ctx - max((n_ctx - keep) // 2, 1)
    return tokens[:keep] + tokens[len(tokens) - (n_left - keep) :]
