"""Structured output: from a JSON Schema to a mask over the vocabulary.

``schema`` writes a schema as grammar text in llguidance's dialect of Lark, ``json_mode`` holds the
fixed grammar of any JSON object, and ``constraint`` follows a grammar token by token. Which
keywords count, and in which order keys come, is decided here; llguidance only parses.
"""

from pyollama.grammar.constraint import GrammarConstraint, TokenTable
from pyollama.grammar.errors import GrammarError, SchemaError
from pyollama.grammar.json_mode import JSON_OBJECT
from pyollama.grammar.schema import schema_grammar
from pyollama.grammar.tool_calls import (
    ToolCallConstraint,
    calls_grammar,
    writes_hermes_calls,
)

__all__ = [
    "JSON_OBJECT",
    "GrammarConstraint",
    "GrammarError",
    "SchemaError",
    "TokenTable",
    "ToolCallConstraint",
    "calls_grammar",
    "schema_grammar",
    "writes_hermes_calls",
]
