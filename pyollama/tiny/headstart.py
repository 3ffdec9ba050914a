"""First weights that can already copy: an induction circuit, laid out by hand before training.

Continuing "A B ... A" with "B" takes two layers that work together, and training from random
weights finds them only after many millions of tokens. Here they are given at the start:

- layer 0, heads 0 and 1, look one and two tokens back (RoPE alone decides where) and write what
  they find into the residual stream;
- layer 1, head 0, looks for a token whose predecessor is the present token, and writes that
  token back, as a guess for the next one.

Where these heads look is pinned: `Pins.restore` puts their weights back after every step. What
they write, and when that is trusted, is learned like everything else. Source of the circuit:
Olsson et al., "In-context Learning and Induction Heads" (2022), arXiv:2209.11895.

Shapes: D = n_embd, E = n_embd_head; a linear weight is (columns out, columns in).
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from pyollama.tiny.model import Block, Llama, LlamaConfig

__all__ = ["Pins", "give_head_start"]

_N_CONSTANT = 4  # embedding columns that are equal for all tokens: something to tell position by
_CONSTANT = 5.0  # their value, in standard deviations of the other columns
_LOOK_BACK = 0.5  # sharpness of the look at the neighbours
_NOTE = 0.75  # how strongly the neighbours are written down, beside embeddings of 0.5
_MATCH = 3.0  # sharpness of the search for the present token
_GUESS = 3.75  # how strongly the guess is written


@dataclass(frozen=True)
class Pins:
    """Parts of weights that training shall not move: (a view of the part, its value)."""

    parts: list[tuple[Tensor, Tensor]]

    @classmethod
    def of(cls, *views: Tensor) -> "Pins":
        """Pin these views at what they are now."""
        return cls([(view, view.clone()) for view in views])

    def restore(self) -> None:
        """Put every part back to its value."""
        with torch.no_grad():
            for view, value in self.parts:
                view.copy_(value)


def _angles(config: LlamaConfig) -> Tensor:
    """How far each pair turns from one position to the next, in radians, (E / 2,)."""
    pair = torch.arange(0, config.n_embd_head, 2, dtype=torch.float32)
    return config.rope_base ** (-pair / config.n_embd_head)


def _pointer(turn: Tensor) -> Tensor:
    """Each fast pair at its angle, (E / 2,) -> (E,); slow pairs cannot tell neighbours apart."""
    vector = torch.stack((turn.cos(), turn.sin()), dim=-1).flatten()
    vector[len(vector) // 4 :] = 0.0
    return vector


def _orthonormal(rows: int, columns: int) -> Tensor:
    """Random orthonormal rows, (rows, columns)."""
    return torch.linalg.qr(torch.randn(columns, rows))[0].T


def _look_back(block: Block, config: LlamaConfig) -> tuple[Tensor, Tensor]:
    """Make heads 0 and 1 attend one and two tokens back.

    Gives what they read, (E, D), and where the first of them writes it, (D, E).
    """
    e, angles = config.n_embd_head, _angles(config)
    query, key = block.attn_q.weight, block.attn_k.weight
    query[: 2 * e], key[:e] = 0.0, 0.0
    query[:e, :_N_CONSTANT] = _LOOK_BACK * _pointer(torch.zeros_like(angles))[:, None]
    query[e : 2 * e, :_N_CONSTANT] = _LOOK_BACK * _pointer(-angles)[:, None]
    key[:e, :_N_CONSTANT] = _LOOK_BACK * _pointer(angles)[:, None]
    block.attn_v.weight[:e, :_N_CONSTANT] = 0.0  # what all tokens share tells nothing
    places = _orthonormal(2 * e, config.n_embd).T  # (D, 2E)
    block.attn_output.weight[:, : 2 * e] = _NOTE * places
    return block.attn_v.weight[:e].clone(), places[:, :e]


def _match(block: Block, read: Tensor, place: Tensor, config: LlamaConfig) -> None:
    """Make head 0 search for tokens whose noted predecessor is the present token."""
    e, half = config.n_embd_head, config.n_embd_head // 2
    query, key = block.attn_q.weight, block.attn_k.weight
    query[:e], key[:e] = 0.0, 0.0
    query[half:e] = _MATCH * read[:half]  # into the slow pairs, which are blind to distance
    key[half:e] = _MATCH * place.T[:half]
    back = _orthonormal(e, config.n_embd)
    block.attn_v.weight[:e] = back
    block.attn_output.weight[:, :e] = _GUESS * back.T


def give_head_start(model: Llama) -> Pins:
    """Lay the circuit into the first two layers of a model with random weights."""
    first, second = model.blk[0], model.blk[1]
    assert isinstance(first, Block)
    assert isinstance(second, Block)
    e = model.config.n_embd_head
    with torch.no_grad():
        embedding = model.token_embd.weight
        embedding[:, :_N_CONSTANT] = _CONSTANT * embedding.std()
        read, place = _look_back(first, model.config)
        _match(second, read, place, model.config)
        return Pins.of(
            embedding[:, :_N_CONSTANT],
            *(first.attn_q.weight[: 2 * e], first.attn_k.weight[:e], first.attn_v.weight[:e]),
            first.attn_output.weight[:, : 2 * e],
            *(second.attn_q.weight[:e], second.attn_k.weight[:e]),
        )
