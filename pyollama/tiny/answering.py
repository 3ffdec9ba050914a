"""Greedy answers of an exported model, through the engine that serves it."""

import json
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from pyollama.engine import Engine, Request
from pyollama.grammar import TokenTable, ToolCallConstraint, calls_grammar
from pyollama.models.loader import load_model
from pyollama.sampling import Options, Sampler
from pyollama.tokenizer import load_tokenizer
from pyollama_formats.gguf import open_gguf

__all__ = ["Writer", "parse_calls", "without_thought"]


class Writer:
    """A model file that goes on from prompts."""

    def __init__(self, path: Path) -> None:
        self.file = open_gguf(path)
        self.tokenizer = load_tokenizer(self.file.metadata)
        model = load_model(self.file)
        self.engine = Engine(model, model.config.n_ctx_train)
        self.table = TokenTable(self.tokenizer.pieces(), self.tokenizer.eog)

    def complete(
        self, prompt: str, limit: int = 120, tools: Sequence[Mapping[str, Any]] = ()
    ) -> str:
        """What the model writes after the prompt, taking the likeliest token, special ones shown.

        It stops at an end-of-generation token, or after limit tokens. As when it is served, the
        calls that it makes are calls of the tools.
        """
        tokens = self.tokenizer.encode(prompt)
        sampler = Sampler(Options(temperature=0.0), self.tokenizer.n_vocab)
        constraint = self._call_constraint(tools)
        self.engine.add(Request(tokens, sampler, limit, self.tokenizer.eog, constraint=constraint))
        answer: list[int] = []
        while self.engine.busy:
            answer += [event.token for event in self.engine.step() if event.token is not None]
        return self.tokenizer.decode(answer, special=True)

    def _call_constraint(self, tools: Sequence[Mapping[str, Any]]) -> ToolCallConstraint | None:
        grammar = calls_grammar(tools)
        piece = partial(self.tokenizer.piece, special=True)
        return None if grammar is None else ToolCallConstraint(self.table, piece, grammar)


def without_thought(text: str) -> str:
    """The answer after the thought, if there is one."""
    return text.rpartition("</think>")[2].strip()


def parse_calls(text: str) -> list[dict[str, Any]] | None:
    """The tool calls in an answer, each with name and arguments; None if one is no JSON."""
    pieces = text.split("<tool_call>")[1:]
    try:
        return [json.loads(piece.split("</tool_call>")[0]) for piece in pieces]
    except ValueError:
        return None
