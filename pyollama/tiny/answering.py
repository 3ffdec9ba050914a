"""Greedy answers from the network in torch, to judge a checkpoint without a server."""

# mypy: allow-untyped-decorators

import json
from typing import Any

import torch
from tokenizers import Tokenizer

from pyollama.tiny.model import Llama

__all__ = ["complete", "parse_calls", "without_thought"]


@torch.no_grad()
def complete(model: Llama, tokenizer: Tokenizer, prompt: str, eos: int, limit: int = 120) -> str:
    """What the model writes after the prompt, taking the likeliest token, up to eos or the limit.

    The whole text is computed anew for every token: simple, and quick enough at this size.
    """
    ids = tokenizer.encode(prompt, add_special_tokens=False).ids
    n_prompt = len(ids)
    while len(ids) - n_prompt < limit:
        rows = model(torch.tensor([ids]))
        chosen = int(model.logits(rows[0, -1]).argmax())
        if chosen == eos:
            break
        ids.append(chosen)
    return str(tokenizer.decode(ids[n_prompt:], skip_special_tokens=False))


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
