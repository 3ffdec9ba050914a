"""Conversations to batches of token ids: documents of about the same length, side by side.

No two documents share a row, so positions start at zero and nothing is seen across documents, as
when the model is served. Rows are padded to the longest; sorting by length keeps that waste small.
Everything follows from the seed and the pool's number, so that training can resume anywhere.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from random import Random

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor

from pyollama.tiny.corpus import examples
from pyollama.tiny.rendering import render_example

__all__ = ["Batch", "pool_batches"]

_POOL = 1024  # conversations that are sorted together
_PROMPT_SHARE = 0.3  # share of the prompt's tokens that are learned as well
_PROMPT_WEIGHT = 0.4  # and how much each of them counts


@dataclass(frozen=True)
class Batch:
    """B documents of T tokens: what goes in, what shall come out, and how much each counts.

    tokens:  int64 (B, T)
    targets: int64 (B, T), the tokens one place further on
    weights: float32 (B, T), 1 where the assistant writes, 0 on padding
    """

    tokens: Tensor
    targets: Tensor
    weights: Tensor


@dataclass(frozen=True)
class _Document:
    ids: list[int]
    written: list[bool]  # which tokens are the assistant's own, in any of its turns


def _documents(
    tokenizer: Tokenizer, seed: int, count: int, n_longest: int, held_out: bool
) -> list[_Document]:
    found = [render_example(e) for e in islice(examples(seed, held_out=held_out), count)]
    prompts = tokenizer.encode_batch([prompt for prompt, _ in found], add_special_tokens=False)
    answers = tokenizer.encode_batch([reply for _, reply in found], add_special_tokens=False)
    begin = tokenizer.encode("<|im_start|>assistant\n", add_special_tokens=False).ids
    (end,) = tokenizer.encode("<|im_end|>", add_special_tokens=False).ids
    made = []
    for prompt, reply in zip(prompts, answers, strict=True):
        written = _written(prompt.ids, begin, end) + [True] * len(reply.ids)
        made.append(_Document(prompt.ids + reply.ids, written))
    return [document for document in made if len(document.ids) <= n_longest]


def _written(prompt: list[int], begin: list[int], end: int) -> list[bool]:
    """Which tokens of a prompt the assistant wrote in its earlier turns, end marks included."""
    written, inside = [False] * len(prompt), False
    n_finished = len(prompt) - prompt[::-1].index(end)  # then begins the turn that is to be written
    for place in range(len(begin), n_finished):
        inside = inside or prompt[place - len(begin) : place] == begin
        written[place] = inside
        inside = inside and prompt[place] != end
    return written


def _batch(documents: list[_Document], padding: int, rng: np.random.Generator) -> Batch:
    length = max(len(document.ids) for document in documents)
    ids = np.full((len(documents), length), padding, np.int64)
    weights = np.zeros((len(documents), length), np.float32)
    for row, document in enumerate(documents):
        n = len(document.ids)
        ids[row, :n] = document.ids
        learned = _PROMPT_WEIGHT * (rng.random(n) < _PROMPT_SHARE)
        weights[row, :n] = np.where(document.written, 1.0, learned)
    tokens = torch.from_numpy(ids)
    return Batch(tokens[:, :-1], tokens[:, 1:], torch.from_numpy(weights)[:, 1:])


def pool_batches(
    tokenizer: Tokenizer,
    padding: int,
    pool: int,
    *,
    n_tokens: int,
    n_longest: int = 512,
    held_out: bool = False,
) -> Iterator[Batch]:
    """The batches of one numbered pool of conversations, of at most n_tokens places each."""
    documents = _documents(tokenizer, pool, _POOL, n_longest, held_out)
    documents.sort(key=lambda document: len(document.ids))
    groups: list[list[_Document]] = [[]]
    for document in documents:
        if (len(groups[-1]) + 1) * len(document.ids) > n_tokens:
            groups.append([])
        groups[-1].append(document)
    Random(pool).shuffle(groups)
    rng = np.random.default_rng(pool)
    for group in groups:
        yield _batch(group, padding, rng)
