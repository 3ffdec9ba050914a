"""Following a grammar token by token: which tokens may come next, and when the text may end.

llguidance parses bytes: it is told what bytes each token stands for, and nothing of the text. It
is imported when the first format is asked for, since that takes some tens of milliseconds.
Shapes: V = n_vocab.
"""

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pyollama.errors import EngineError
from pyollama.grammar.errors import GrammarError

if TYPE_CHECKING:
    from llguidance import LLMatcher, LLParserLimits

# Tokens that most texts of strings allow: masks add such a slice of the vocabulary as a whole.
SLICES = [r'[^"\\\x7F\x00-\x1F]{1,30}']
# What a text must begin with llguidance would take as said, and look at what follows.
NOTHING_IS_FORCED = '%llguidance {"no_forcing": true}\n'


class _Pieces:
    """A vocabulary as llguidance asks for it. It is never asked to tokenize."""

    bos_token_id = None

    def __init__(self, pieces: Sequence[bytes]) -> None:
        self.tokens = [*pieces, b""]
        self.eos_token_id = len(pieces)
        self.special_token_ids = [id for id, piece in enumerate(self.tokens) if not piece]

    def __call__(self, text: bytes) -> list[int]:
        return []


class TokenTable:
    """The bytes of every token, in the form that masks are computed from; made once per model.

    pieces: the bytes of each token by id; tokens without bytes are never allowed
    end_tokens: ids that end an answer; they are allowed where the grammar may end

    llguidance knows one end token of its own, V: whether it is allowed says whether the text may
    end. So a model without end tokens is nothing particular.
    """

    def __init__(self, pieces: Iterable[bytes], end_tokens: AbstractSet[int]) -> None:
        from llguidance import LLTokenizer, TokenizerWrapper

        known = list(pieces)
        texts = [b"" if id in end_tokens else piece for id, piece in enumerate(known)]
        self.n_vocab = len(texts)
        self.end_tokens = frozenset(end_tokens)
        self.end_ids = np.array(sorted(end_tokens), np.int64)
        self.byte_ids = {piece: id for id, piece in enumerate(texts) if len(piece) == 1}
        self._tokenizer = LLTokenizer(
            TokenizerWrapper(_Pieces(texts)),
            n_vocab=self.n_vocab + 1,
            eos_token=self.n_vocab,
            slices=SLICES,
        )

    def matcher(self, grammar: str) -> "LLMatcher":
        """A parser at the start of a grammar's text. Raises GrammarError."""
        from llguidance import LLMatcher

        grammar = NOTHING_IS_FORCED + grammar
        matcher = LLMatcher(self._tokenizer, grammar, log_level=0, limits=parser_limits())
        matcher.compute_bitmask()  # the first mask meets the limits that compiling does not
        if matcher.is_error():
            raise GrammarError(matcher.get_error())
        return matcher


def parser_limits() -> "LLParserLimits":
    """What a hostile grammar may cost: a second of compiling at most, and 15 ms for a mask."""
    from llguidance import LLParserLimits

    return LLParserLimits(
        max_items_in_row=20_000,  # alternatives at one place
        initial_lexer_fuel=5_000_000,
        step_lexer_fuel=200_000,
        step_max_items=50_000,
        max_lexer_states=30_000,  # each takes 1 to 2 KB
        max_grammar_size=500_000,
        verbose_errors=False,
    )


class GrammarConstraint:
    """One answer's way through a grammar; see Constraint in pyollama.sampling."""

    def __init__(self, table: TokenTable, grammar: str) -> None:
        """Compile the grammar: up to some tenths of a second. Raises GrammarError."""
        self._table = table
        self._matcher = table.matcher(grammar)

    @property
    def may_end(self) -> bool:
        """Whether the text so far is a whole one."""
        return self._matcher.is_accepting()

    @property
    def is_done(self) -> bool:
        """Whether nothing but the end can follow."""
        return self._matcher.is_stopped()

    def allows(self, token: int) -> bool:
        """Whether the text may go on with a token, or end by it."""
        if token in self._table.end_tokens:
            return self.may_end
        return token < self._table.n_vocab and self._matcher.validate_tokens([token]) == 1

    def mask(self) -> NDArray[np.bool_]:
        """Whether each token is allowed, (V,). Raises EngineError if the parser gives up."""
        packed = np.frombuffer(self._matcher.compute_bitmask(), np.uint8)
        self._require_sound()
        n_vocab = self._table.n_vocab
        bits = np.unpackbits(packed, count=n_vocab + 1, bitorder="little").view(np.bool_)
        allowed = bits[:n_vocab]
        allowed[self._table.end_ids] = bits[n_vocab]
        return allowed

    def accept(self, token: int) -> None:
        """Go on by a token that is allowed. Raises EngineError if it is not."""
        if token not in self._table.end_tokens:
            self._matcher.consume_token(token)
            self._require_sound()

    def accept_bytes(self, text: bytes) -> bool:
        """Go on by bytes, as far as tokens of one byte spell them; False if they do not fit."""
        for value in text:
            token = self._table.byte_ids.get(bytes([value]))
            if token is None or not self.allows(token):
                return False
            self.accept(token)
        return True

    def restart(self) -> None:
        """Begin anew."""
        self._matcher.reset()

    def _require_sound(self) -> None:
        if self._matcher.is_error():
            raise EngineError(f"the output's grammar failed: {self._matcher.get_error()[:200]}")
