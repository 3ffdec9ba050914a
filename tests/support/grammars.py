"""Asking a grammar about texts, byte by byte: a vocabulary in which every byte is a token."""

import json
from typing import Any

from pyollama.grammar import GrammarConstraint, TokenTable, schema_grammar

BYTES = TokenTable([bytes([value]) for value in range(256)], frozenset())


def grammar_of(schema: Any) -> str:
    """The grammar of a schema, whose keys keep their order."""
    return schema_grammar(json.dumps(schema, ensure_ascii=False).encode())


def accepts(grammar: str, text: str | bytes) -> bool:
    """Whether a text is one of the grammar's, from its first byte to its last."""
    constraint = GrammarConstraint(BYTES, grammar)
    for byte in text.encode() if isinstance(text, str) else text:
        if not constraint.allows(byte):
            return False
        constraint.accept(byte)
    return constraint.may_end


def accepted(schema: Any, *texts: str) -> list[str]:
    """Those of the texts that a schema admits."""
    grammar = grammar_of(schema)
    return [text for text in texts if accepts(grammar, text)]
