"""The field `format` of a request: what it asks for, and the constraint that sees to it."""

import logging
from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from pyollama.api import RawJSON
from pyollama.errors import EngineError, refused_by_engine
from pyollama.gotext import go_quoted
from pyollama.grammar import (
    JSON_OBJECT,
    GrammarConstraint,
    GrammarError,
    SchemaError,
    ToolCallConstraint,
    calls_grammar,
    schema_grammar,
    writes_hermes_calls,
)
from pyollama.prompt.tools import tool_object
from pyollama.sampling.constraint import Constraint
from pyollama.serving.exchange import Exchange
from pyollama.serving.text_side import TextSide
from pyollama.serving.writers import NativeWriter

ANY_OBJECT = b'"json"'

logger = logging.getLogger(__name__)


def requested_format(format: RawJSON | None) -> bytes:
    """`"json"` or a schema's text; empty where the answer is free.

    Raises EngineError, in Ollama's words, for anything else.
    """
    text = b"" if format is None else format.strip()
    if text in (b"", b"null", b'""'):
        return b""
    if text == ANY_OBJECT or text.startswith(b"{"):
        return text
    shown = go_quoted(text.decode("utf-8", "replace"))
    raise EngineError(f'invalid format: {shown}; expected "json" or a valid JSON Schema object')


def constraint_for(format: RawJSON | None, loaded: TextSide) -> Constraint | None:
    """What keeps an answer of this model within a format; None for a free one.

    It compiles a grammar, which may take some tenths of a second, and more where the model has
    not been asked for a format before: not for the event loop.

    Raises EngineError for what is no format, BadRequest in llama.cpp's words for a schema that it
    cannot convert.
    """
    wanted = requested_format(format)
    if not wanted:
        return None
    try:
        grammar = JSON_OBJECT if wanted == ANY_OBJECT else schema_grammar(wanted)
        return GrammarConstraint(loaded.token_table, grammar)
    except SchemaError as error:
        raise refused_by_engine(
            f"Field 'json_schema': \"json_schema\": JSON schema conversion failed:\n{error}"
        ) from error
    except GrammarError as error:
        logger.info("no grammar for the format: %s", error)
        raise refused_by_engine("Failed to initialize samplers: failed to parse grammar") from error


def answer_constraint(exchange: Exchange, format: RawJSON | None) -> Constraint | None:
    """What one request's answer is kept to: its format, or well-formed calls of its tools.

    Where llama.cpp makes the prompt and splits off thinking, a format begins to hold after that.
    Raises as constraint_for.
    """
    constraint = constraint_for(format, exchange.loaded)
    if not isinstance(exchange.writer, NativeWriter):
        return constraint
    if constraint is None:
        return _call_constraint(exchange)
    template, thinking = exchange.loaded.template, exchange.thinking
    thinks = thinking.asked if template.thinks_when_asked else thinking.on
    if not (thinks and exchange.tells_thinking and template.has_thinking):
        return constraint
    tokenizer = exchange.loaded.tokenizer
    return AfterThinking(constraint, partial(tokenizer.piece, special=True), tokenizer.n_vocab)


def _call_constraint(exchange: Exchange) -> Constraint | None:
    """Keeps calls of tools to their schemas, where the form of calls is known."""
    loaded = exchange.loaded
    if not (exchange.tools and writes_hermes_calls(loaded.template.source)):
        return None
    try:
        grammar = calls_grammar([tool_object(tool) for tool in exchange.tools])
        if grammar is None:
            return None
        piece = partial(loaded.tokenizer.piece, special=True)
        return ToolCallConstraint(loaded.token_table, piece, grammar)
    except (SchemaError, GrammarError) as error:  # too large, say: the calls are free then
        logger.info("no grammar for the tools: %s", error)
        return None


class AfterThinking:
    """A constraint that begins when the model ends its thinking; an answer without any is free."""

    END = b"</think>"

    def __init__(self, constraint: Constraint, piece: Callable[[int], bytes], n_vocab: int) -> None:
        self.constraint = constraint
        self.piece = piece
        self.n_vocab = n_vocab
        self.begun = False
        self.tail = b""

    @property
    def is_done(self) -> bool:
        """See Constraint."""
        return self.begun and self.constraint.is_done

    def allows(self, token: int) -> bool:
        """See Constraint."""
        return not self.begun or self.constraint.allows(token)

    def mask(self) -> NDArray[np.bool_]:
        """See Constraint."""
        return self.constraint.mask() if self.begun else np.ones(self.n_vocab, np.bool_)

    def accept(self, token: int) -> None:
        """See Constraint."""
        if self.begun:
            self.constraint.accept(token)
            return
        text = self.tail + self.piece(token)
        self.begun = self.END in text
        self.tail = text[-len(self.END) + 1 :]
