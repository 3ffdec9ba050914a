"""Calls of tools that cannot go wrong: free text, but what follows the opening tag is a call.

llama.cpp does the same for the chat templates of models, and calls it a lazy grammar: it begins
where the model begins a call. The form is that of Hermes,
``<tool_call>{"name": ..., "arguments": {...}}</tool_call>``.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pyollama.grammar.constraint import GrammarConstraint, TokenTable
from pyollama.grammar.errors import GrammarError, SchemaError
from pyollama.grammar.schema import schema_grammar

__all__ = ["ToolCallConstraint", "calls_grammar", "calls_schema", "writes_hermes_calls"]

OPENING, CLOSING = "<tool_call>", "</tool_call>"
OTHER_FORMS = ("<function=", "<arg_key>", "<parameter=")


def writes_hermes_calls(template: str) -> bool:
    """Whether a chat template's calls have this form, by its words."""
    known = OPENING in template and '"arguments"' in template
    return known and not any(word in template for word in OTHER_FORMS)


def calls_grammar(tools: Sequence[Mapping[str, Any]]) -> str | None:
    """The grammar of what follows the opening tag; None if no tool has a name.

    tools: each with a function that has a name and, as a JSON Schema, parameters. A schema that
    cannot be converted stands for any object.
    """
    schema = calls_schema(tools)
    if schema is None:
        return None
    grammar = schema_grammar(schema)
    head, start, rest = grammar.partition("start: ")
    symbol, _, rules = rest.partition("\n")
    return f'{head}{start}BLANK? ({symbol}) "{CLOSING}"\nBLANK: /[ \\t\\n]{{1,4}}/\n{rules}'


def calls_schema(tools: Sequence[Mapping[str, Any]]) -> bytes | None:
    """The JSON Schema of a call of one of the tools; None if no tool has a name."""
    functions = [tool["function"] for tool in tools if tool["function"].get("name")]
    calls = [_call(each["name"], each.get("parameters")) for each in functions]
    return json.dumps({"anyOf": calls}).encode() if calls else None


def _call(name: str, parameters: Any) -> dict[str, Any]:
    """The schema of a call."""
    arguments = parameters if isinstance(parameters, dict) else {}
    try:
        schema_grammar(json.dumps(arguments).encode())
    except (SchemaError, GrammarError, RecursionError):  # the last is of json.dumps
        arguments = {"type": "object"}
    properties = {"name": {"const": name}, "arguments": arguments}
    return {"type": "object", "properties": properties, "required": ["name", "arguments"]}


class ToolCallConstraint:
    """One answer's way through free text and calls; see Constraint in pyollama.sampling.

    piece: the bytes of a token, those of control tokens included
    Raises GrammarError.
    """

    def __init__(self, table: TokenTable, piece: Callable[[int], bytes], grammar: str) -> None:
        self._call = GrammarConstraint(table, grammar)
        self._table = table
        self._piece = piece
        self._inside = False
        self._tail = b""  # of the free text, where the opening tag may have begun

    @property
    def is_done(self) -> bool:
        """Never: free text may follow."""
        return False

    def allows(self, token: int) -> bool:
        """Whether the token may come next."""
        return not self._inside or self._call.allows(token)

    def mask(self) -> NDArray[np.bool_]:
        """Whether each token may, (V,)."""
        return self._call.mask() if self._inside else np.ones(self._table.n_vocab, np.bool_)

    def accept(self, token: int) -> None:
        """Go on by a token that is allowed."""
        if self._inside:
            self._call.accept(token)
            self._inside = not self._call.may_end
            return
        before, tag, rest = (self._tail + self._piece(token)).partition(OPENING.encode())
        self._tail = before[-len(OPENING) + 1 :]
        if tag:
            self._enter(rest)

    def _enter(self, begun: bytes) -> None:
        """A call begins; a token may hold the first bytes of it already."""
        self._tail = b""
        self._call.restart()
        self._inside = self._call.accept_bytes(begun)
